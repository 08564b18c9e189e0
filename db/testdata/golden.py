"""Listings and merged rows of OpenStack Swift's own container index, which ours must give too.

Run with the Python that has Swift (Debian: apt install python3-swift):
    /usr/bin/python3 db/testdata/golden.py
It writes db/testdata/listings.json and db/testdata/merges.json.
"""
import json
import logging
import os
import random

from swift.container.backend import ContainerBroker
from swift.common.utils import Timestamp

HERE = os.path.dirname(os.path.abspath(__file__))
logging.disable(logging.CRITICAL)
rnd = random.Random(7)
parts = ['a', 'b', '/', '//', '-', '\uffff', '\U0001f600', '\u00e9', '0', '.', '\x00']
def name():
    return ''.join(rnd.choice(parts) for _ in range(rnd.randint(1, 5)))
out = []
for case in range(60):
    broker = ContainerBroker(':memory:', account='a', container='c')
    broker.initialize(Timestamp(1).internal, 0)
    names = sorted({name() for _ in range(rnd.randint(0, 25))})
    for n in names:
        broker.put_object(n, Timestamp(2).internal, 1, 't/x', 'e')
    queries = []
    for _ in range(8):
        q = {'limit': rnd.choice([1, 2, 5, 100])}
        if rnd.random() < .5: q['marker'] = name()
        if rnd.random() < .4: q['end_marker'] = name()
        if rnd.random() < .5: q['prefix'] = rnd.choice(parts + [name(), ''])
        if rnd.random() < .6: q['delimiter'] = rnd.choice(['/', '//', '-', 'a/', '\U0001f600'])
        q['reverse'] = rnd.random() < .4
        q['allow_reserved'] = rnd.random() < .5
        rows = broker.list_objects_iter(q['limit'], q.get('marker', ''), q.get('end_marker'), q.get('prefix'), q.get('delimiter'), None, 0, q['reverse'], allow_reserved=q['allow_reserved'])
        q['listed'] = [('>' + r[0]) if r[3] is None else r[0] for r in rows]
        queries.append(q)
    out.append({'names': names, 'queries': queries})
json.dump(out, open(HERE + '/listings.json', 'w'))
# merges: rows as Swift ends with, no ties
merges = []
for case in range(120):
    broker = ContainerBroker(':memory:', account='a', container='c')
    broker.initialize(Timestamp(1).internal, 0)
    times = list(range(10, 40)); rnd.shuffle(times)
    updates = []
    for _ in range(rnd.randint(1, 5)):
        t = times.pop()
        if rnd.random() < .25:
            u = {'delete': True, 'timestamp': Timestamp(t, offset=rnd.choice([0, 0, 17])).internal}
            broker.delete_object('o', u['timestamp'], 0)
        else:
            u = {'timestamp': Timestamp(t, offset=rnd.choice([0, 0, 17])).internal, 'size': rnd.randint(0, 99), 'etag': 'e%d' % t,
                 'content_type': rnd.choice(['a/b', 'a/b; charset=utf-8', 'x/y;swift_bytes=%d' % t, 'x/y; p="q;r";swift_bytes=9'])}
            ct = mt = None
            if rnd.random() < .4:
                ct = Timestamp(times.pop() + .5).internal
                u['content_type_timestamp'] = ct
            if rnd.random() < .4:
                mt = Timestamp(times.pop() + .25).internal
                u['meta_timestamp'] = mt
            broker.put_object('o', u['timestamp'], u['size'], u['content_type'], u['etag'], 0, 0, ct, mt)
        updates.append(u)
    with broker.get() as conn:
        row = conn.execute('select created_at, size, content_type, etag, deleted from object').fetchone()
    created, size, ctype, etag, deleted = tuple(row)
    merges.append({'updates': updates, 'row': {'created_at': created, 'size': size, 'content_type': ctype, 'etag': etag, 'deleted': deleted}})
json.dump(merges, open(HERE + '/merges.json', 'w'))
