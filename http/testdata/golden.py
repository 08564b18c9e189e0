"""Answers of OpenStack Swift to hard inputs, which our parsers must give too.

Run with the Python that has Swift (Debian: apt install python3-swift):
    /usr/bin/python3 http/testdata/golden.py
It writes http/testdata/golden.json and base/testdata/timestamps.json.
"""
import itertools
import json
import os
from urllib.parse import parse_qsl, unquote

from swift.common.swob import Accept, Range, Request, Response, multi_range_iterator
from swift.common.utils import Timestamp, split_path

RANGES = [
    'bytes=0-4', 'bytes=0-', 'bytes=-3', 'bytes=-0', 'bytes=-100', 'bytes=5-3', 'bytes=-', 'bytes=45', 'bytes=a-b',
    'bytes=0-0', 'bytes=9-9', 'bytes=10-', 'bytes=10-20', 'bytes=0-1,2-3', 'bytes=0-1,,2-3', 'bytes=0-1,',
    'BYTES=1-2', 'bytes = 1 - 2', 'items=0-1', '', 'bytes=', 'bytes=--0', 'bytes=0--1', 'bytes=5-5,5-5,5-5,5-5',
    'bytes=0-5,1-6,2-7', 'bytes=0-5,1-6', 'bytes=0-5,1-6,2-7,3-8',
    'bytes=8-9,0-1,2-3,4-4,5-5,6-6,7-7,7-7', 'bytes=8-8,7-7,6-6,5-5,4-4,3-3,2-2',
    'bytes=' + ','.join('%d-%d' % (n % 10, n % 10) for n in range(51)),
    'bytes=0-0,1-1,2-2,20-30', 'bytes=20-30,40-', 'bytes=0-99999999999999999999', 'bytes=-5,0-1',
]


def resolved(header, length):
    try:
        ranges = Range(header).ranges_for_length(length)
    except ValueError:
        return 'whole'
    if ranges == []:
        return 'unsatisfiable'
    return 'whole' if ranges is None or length == 0 else ranges


ACCEPTS = [
    None, '', '*/*', 'text/plain', 'application/json', 'application/*', 'text/xml',
    'application/xml;q=0.1, text/plain;q=0.5', 'application/json;q=0.5,text/plain;q=0.5', '*/*;q=0.1,application/xml',
    'text/*;q=0.5,text/xml;q=0.5', 'foo', 'foo/bar', 'application/json;', 'application/json;q', 'application/json;q=',
    'application/json;q=a', 'application/json;q=0.1;q=0.2', 'application/json; charset=utf-8', 'text/plain;x="a"',
    'text/plain;x="a=b"', 'a/b/c', ' text/plain , application/json;q=2', 'text/plain,', 'Text/Plain',
    'image/png, application/xml;q=0.9, */*;q=0.8', '*/xml', 'text/plain; q = 0.3, application/json',
    'text/plain;q="1"', 'application/json;q=-1,text/plain;q=-2', 'application/json;q=1e1',
    'text/plain;q=.5,text/xml;q=.6', 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'text/plain;level=1;q=0',
]


def negotiated(header):
    try:
        best = Accept(header).best_match(['text/plain', 'application/json', 'application/xml', 'text/xml'])
    except ValueError:
        return 'malformed'
    return best or 'not_acceptable'


PATHS = [
    '/', '', '/a', '//a', '/a/', '/a/c', '/a/c/', '/a/c/o', '/a//o', '/a/c//', '/a/c/o/', '/a/c/o/r', '/a/c/o//r/',
    'a/c', '/a/c/o/r/s', '/%41/b%2Fc/%E2%82%AC', '//', '///',
]
SHAPES = [(1, 1, False), (1, 3, True), (2, 3, False), (3, 3, True), (1, 4, True), (2, 5, True)]


def segments(path, shape):
    try:
        return split_path(unquote(path), *shape)
    except ValueError:
        return None


QUERIES = [
    '', 'a', 'a=', 'a=b', 'a=b&a=c', 'a=b&&c', 'a+b=c+d', 'a=%20%26%3D', '=x', 'a=b=c', '%E2%82%AC=%E2%82%AC',
    'a=b;c=d', 'a=%zz', 'a=+',
]


def parameters(query):
    pairs = dict(parse_qsl(query, keep_blank_values=True, encoding='latin-1')).items()
    return [[text.encode('latin1').decode('utf8') for text in pair] for pair in pairs]


STAMPS = [
    '0', '1', '1.5', '1402464677.04188', '1402464677.041885', '1402464677.0418849999', '1402464677.041895',
    '9999999999.99999', '9999999999.999994', '9999999999.999995', '10000000000', '-1', '-0.000001', '1e9', '1.5e3',
    'nan', 'inf', ' 1.5 ', '0.015625', '0.046875', '1402464677.015625', '1402464677.046875', '1402464677.04188_0',
    '1402464677.04188_1', '1402464677.04188_00000000000000ff', '1402464677.04188_FF',
    '1402464677.04188_ffffffffffffffff', '1402464677.04188_10000000000000000', '1402464677.04188_', '_1', '1_1_1', '',
    'abc', '.5', '5.', '+5', '0x10', '1402464677,5', '1402464677.9999999', '0000000001.00000',
    '1700000000.123456789012345', '1402464677.04188_0000000000000000', '0000000000.00000_0000000000000000',
]


def stamp(written):
    try:
        time = Timestamp(written)
    except (OverflowError, ValueError):
        return None
    return [time.internal, time.normal, time.isoformat, int(time.ceil())]


DATES = [
    'Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:38 GMT', 'Sun, 06 Nov 1994 08:49:36 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994', 'rubbish', '',
]
TAGS = ['abc', '"abc"', '"xyz"', '*', 'W/"abc"', '"xyz", "abc"', ' ,', '', 'xyz']
CONDITIONS = [{}]
CONDITIONS += [{name: tag} for name in ('If-Match', 'If-None-Match') for tag in TAGS]
CONDITIONS += [{name: date} for name in ('If-Modified-Since', 'If-Unmodified-Since') for date in DATES]
PAIRS = [dict(one, **two) for one, two in itertools.combinations(CONDITIONS, 2) if not set(one) & set(two)]
OUTCOMES = {None: 'proceed', 304: 'not_modified', 412: 'precondition_failed'}


def outcome(headers, status, etag, modified):
    stored = {}
    if etag:
        stored['Etag'] = etag
    if modified:
        stored['Last-Modified'] = modified
    request = Request.blank('/', headers=headers)
    response = Response(request=request, conditional_response=True, status=status, headers=stored, app_iter=[b''])
    return OUTCOMES[response._get_conditional_response_status()]


ENTITIES = [(200, 'abc', DATES[0]), (404, None, None)]
BODY = b'0123456789'
PARTS = multi_range_iterator([(0, 2), (4, 10)], b'text/plain', b'b' * 32, 10, lambda start, stop: [BODY[start:stop]])

GOLDEN = {
    'ranges': [[header, length, resolved(header, length)] for header in RANGES for length in (10, 0, 1)],
    'accept': [[header, negotiated(header)] for header in ACCEPTS],
    'paths': [[path, shape, segments(path, shape)] for path in PATHS for shape in SHAPES],
    'query': [[query, parameters(query)] for query in QUERIES],
    'conditions': [
        [headers, list(entity), outcome(headers, *entity)]
        for headers in CONDITIONS + PAIRS[::3] for entity in ENTITIES],
    'multipart': b''.join(PARTS).decode('ascii'),
}


def write(path, rows):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), path), 'w') as target:
        json.dump(rows, target)
        target.write('\n')


write('golden.json', GOLDEN)
write('../../base/testdata/timestamps.json', [[written, stamp(written)] for written in STAMPS])
