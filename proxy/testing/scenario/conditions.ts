/** Ranges, conditional requests, and objects that expire. */
import { ACCOUNT, own, type Step } from './step.ts'

export const CONDITIONS: readonly Step[] = [
  ['one range', { Range: 'bytes=0-4' }],
  ['an open range', { Range: 'bytes=6-' }],
  ['a suffix', { Range: 'bytes=-5' }],
  ['a suffix longer than the object', { Range: 'bytes=-500' }],
  ['a range beyond the end', { Range: 'bytes=100-200' }],
  ['a range that is none', { Range: 'bytes=5-2' }],
  ['a range in other units', { Range: 'lines=1-2' }],
  ['two ranges', { Range: 'bytes=0-1,4-5' }],
  ['two ranges, one beyond the end', { Range: 'bytes=0-1,100-200' }],
  ['too many overlapping ranges', { Range: 'bytes=0-5,1-6,2-7,3-8' }],
  ['If-Match that matches', { 'If-Match': '"5eb63bbbe01eeed093cb22bb8f5acdc3"' }],
  ['If-Match without quotes', { 'If-Match': '5eb63bbbe01eeed093cb22bb8f5acdc3' }],
  ['If-Match that does not match', { 'If-Match': '"abc"' }],
  ['If-Match of anything', { 'If-Match': '*' }],
  ['If-None-Match that matches', { 'If-None-Match': '"5eb63bbbe01eeed093cb22bb8f5acdc3"' }],
  ['If-None-Match that does not match', { 'If-None-Match': '"abc", "def"' }],
  ['If-None-Match of anything', { 'If-None-Match': '*' }],
  ['If-Modified-Since long ago', { 'If-Modified-Since': 'Mon, 01 Jan 2001 00:00:00 GMT' }],
  ['If-Modified-Since in the future', { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }],
  ['If-Modified-Since that is no date', { 'If-Modified-Since': 'yesterday' }],
  ['If-Unmodified-Since long ago', { 'If-Unmodified-Since': 'Mon, 01 Jan 2001 00:00:00 GMT' }],
  ['If-Unmodified-Since in the future', { 'If-Unmodified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }],
].flatMap(([what, headers]) => [
  own(`GET with ${what as string}`, 'GET', `${ACCOUNT}/c/etag`, {
    headers: headers as Record<string, string>,
  }),
  own(`HEAD with ${what as string}`, 'HEAD', `${ACCOUNT}/c/etag`, {
    headers: headers as Record<string, string>,
  }),
])

export const MISSING_CONDITIONS: readonly Step[] = [
  own('GET with If-Match of anything at nothing', 'GET', `${ACCOUNT}/c/nothing`, {
    headers: { 'If-Match': '*' },
  }),
  own('GET with If-Match at nothing', 'GET', `${ACCOUNT}/c/nothing`, { headers: { 'If-Match': '"abc"' } }),
  own('GET with If-None-Match at nothing', 'GET', `${ACCOUNT}/c/nothing`, {
    headers: { 'If-None-Match': '*' },
  }),
]

export const EXPIRY: readonly Step[] = [
  own('PUT with a deletion in the past', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-At': '1' },
  }),
  own('PUT with a deletion that is no number', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-At': 'soon' },
  }),
  own('PUT with a deletion after nothing', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '0' },
  }),
  own('PUT with a deletion after a negative time', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '-5' },
  }),
  own('PUT with a deletion after no number', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '1.5' },
  }),
  own('PUT with a deletion at a time', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-At': '4102444800', 'Content-Type': 'text/plain' },
  }),
  own('HEAD of a deletion at a time', 'HEAD', `${ACCOUNT}/c/x`),
  own('PUT with a deletion after a far time', 'PUT', `${ACCOUNT}/c/x`, {
    body: 'x',
    headers: { 'X-Delete-After': '99999999999999', 'Content-Type': 'text/plain' },
  }),
  own('HEAD of a deletion after a far time', 'HEAD', `${ACCOUNT}/c/x`),
  own('POST drops the deletion', 'POST', `${ACCOUNT}/c/x`, { body: '' }),
  own('HEAD without a deletion', 'HEAD', `${ACCOUNT}/c/x`),
  own('POST with a deletion in the past', 'POST', `${ACCOUNT}/c/x`, {
    headers: { 'X-Delete-At': '1' },
    body: '',
  }),
  own('POST with a deletion at a time', 'POST', `${ACCOUNT}/c/x`, {
    headers: { 'X-Delete-At': '4102444800' },
    body: '',
  }),
  own('HEAD of a POSTed deletion', 'HEAD', `${ACCOUNT}/c/x`),
  own('DELETE of an object with a deletion', 'DELETE', `${ACCOUNT}/c/x`),
]
