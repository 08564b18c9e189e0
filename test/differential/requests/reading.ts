import { get, head, post, put, remove, type Step, steps } from '../step.ts'

const HELLO_MD5 = '5d41402abc4b2a76b9719d911017c592'
const DIGITS = '0123456789'.repeat(10)
const DIGITS_MD5 = '2d00bafb7e8ccc8e3cf4e4bd7aee1a2e'
const PAST = 'Wed, 01 Jan 1997 00:00:00 GMT'
const FUTURE = 'Wed, 01 Jan 2098 00:00:00 GMT'

const target = '~/ranges/digits'

export const rangeRequests: readonly Step[] = steps('range', {
  container: put('~/ranges'),
  object: put(target, { 'Content-Type': 'text/plain' }, DIGITS),
  'first five': get(target, { Range: 'bytes=0-4' }),
  'from the middle': get(target, { Range: 'bytes=95-' }),
  'last five': get(target, { Range: 'bytes=-5' }),
  'last none': get(target, { Range: 'bytes=-0' }),
  'more than all from the end': get(target, { Range: 'bytes=-1000' }),
  'beyond the end': get(target, { Range: 'bytes=90-1000' }),
  'behind the end': get(target, { Range: 'bytes=100-' }),
  all: get(target, { Range: 'bytes=0-' }),
  'one byte': get(target, { Range: 'bytes=7-7' }),
  backwards: get(target, { Range: 'bytes=5-4' }),
  'no number': get(target, { Range: 'bytes=a-b' }),
  nothing: get(target, { Range: 'bytes=' }),
  'only a dash': get(target, { Range: 'bytes=-' }),
  'another unit': get(target, { Range: 'lines=1-2' }),
  'no unit': get(target, { Range: '0-4' }),
  'with spaces': get(target, { Range: 'bytes = 0 - 4' }),
  'unit in capitals': get(target, { Range: 'BYTES=0-4' }),
  two: get(target, { Range: 'bytes=0-4,10-14' }),
  'two with a space': get(target, { Range: 'bytes=0-4, 10-14' }),
  'two, one behind the end': get(target, { Range: 'bytes=0-4,200-300' }),
  'two behind the end': get(target, { Range: 'bytes=200-300,400-500' }),
  'two, one malformed': get(target, { Range: 'bytes=0-4,x' }),
  'two that overlap': get(target, { Range: 'bytes=0-10,5-15' }),
  'three that overlap': get(target, { Range: 'bytes=0-10,5-15,7-20,8-30' }),
  'out of order': get(target, { Range: 'bytes=50-51,0-1' }),
  'eight out of order': get(target, {
    Range: `bytes=${[90, 80, 70, 60, 50, 40, 30, 20, 10, 0].map((at) => `${at}-${at}`).join(',')}`,
  }),
  fifty: get(target, { Range: `bytes=${Array.from({ length: 50 }, (_, at) => `${at}-${at}`).join(',')}` }),
  'fifty-one': get(target, {
    Range: `bytes=${Array.from({ length: 51 }, (_, at) => `${at}-${at}`).join(',')}`,
  }),
  'by HEAD': head(target, { Range: 'bytes=0-4' }),
  'by HEAD behind the end': head(target, { Range: 'bytes=100-200' }),
  'of nothing': get('~/objects/empty', { Range: 'bytes=0-4' }),
  'last of nothing': get('~/objects/empty', { Range: 'bytes=-4' }),
  'If-Range with the ETag': get(target, { Range: 'bytes=0-4', 'If-Range': `"${DIGITS_MD5}"` }),
  'If-Range with another ETag': get(target, { Range: 'bytes=0-4', 'If-Range': '"other"' }),
  'If-Range with the date': get(target, {
    Range: 'bytes=0-4',
    'If-Range': '{header last-modified of range: by HEAD}',
  }),
  'If-Range with an old date': get(target, { Range: 'bytes=0-4', 'If-Range': PAST }),
  'with If-Match': get(target, { Range: 'bytes=0-4', 'If-Match': '{header etag of range: by HEAD}' }),
  'with If-None-Match': get(target, {
    Range: 'bytes=0-4',
    'If-None-Match': '{header etag of range: by HEAD}',
  }),
})

const thing = '~/conditions/thing'
const ETAG = '{header etag of condition: HEAD}'
const MODIFIED = '{header last-modified of condition: HEAD}'

export const conditionRequests: readonly Step[] = steps('condition', {
  container: put('~/conditions'),
  object: put(thing, { 'Content-Type': 'text/plain' }, 'hello'),
  HEAD: head(thing),
  'If-Match': get(thing, { 'If-Match': ETAG }),
  'If-Match in quotes': get(thing, { 'If-Match': `"${HELLO_MD5}"` }),
  'If-Match any': get(thing, { 'If-Match': '*' }),
  'If-Match another': get(thing, { 'If-Match': 'other' }),
  'If-Match one of several': get(thing, { 'If-Match': `"other", "${HELLO_MD5}"` }),
  'If-Match weak': get(thing, { 'If-Match': `W/"${HELLO_MD5}"` }),
  'If-Match empty': get(thing, { 'If-Match': '' }),
  'If-Match by HEAD': head(thing, { 'If-Match': 'other' }),
  'If-Match on one that is missing': get('~/conditions/missing', { 'If-Match': '*' }),
  'If-None-Match': get(thing, { 'If-None-Match': ETAG }),
  'If-None-Match any': get(thing, { 'If-None-Match': '*' }),
  'If-None-Match another': get(thing, { 'If-None-Match': 'other' }),
  'If-None-Match one of several': get(thing, { 'If-None-Match': `"other","${HELLO_MD5}"` }),
  'If-None-Match by HEAD': head(thing, { 'If-None-Match': ETAG }),
  'If-None-Match on one that is missing': get('~/conditions/missing', { 'If-None-Match': '*' }),
  'If-Modified-Since the past': get(thing, { 'If-Modified-Since': PAST }),
  'If-Modified-Since the future': get(thing, { 'If-Modified-Since': FUTURE }),
  'If-Modified-Since its date': get(thing, { 'If-Modified-Since': MODIFIED }),
  'If-Modified-Since no date': get(thing, { 'If-Modified-Since': 'yesterday' }),
  'If-Modified-Since by HEAD': head(thing, { 'If-Modified-Since': FUTURE }),
  'If-Unmodified-Since the past': get(thing, { 'If-Unmodified-Since': PAST }),
  'If-Unmodified-Since the future': get(thing, { 'If-Unmodified-Since': FUTURE }),
  'If-Unmodified-Since its date': get(thing, { 'If-Unmodified-Since': MODIFIED }),
  'If-Unmodified-Since no date': get(thing, { 'If-Unmodified-Since': 'tomorrow' }),
  'If-Match and If-None-Match': get(thing, { 'If-Match': ETAG, 'If-None-Match': ETAG }),
  'If-None-Match and If-Modified-Since': get(thing, {
    'If-None-Match': 'other',
    'If-Modified-Since': FUTURE,
  }),
  'PUT If-None-Match any, there': put(thing, { 'If-None-Match': '*' }, 'x'),
  'PUT If-None-Match any, not there': put('~/conditions/new', { 'If-None-Match': '*' }, 'x'),
  'PUT If-None-Match with an ETag': put(thing, { 'If-None-Match': `"${HELLO_MD5}"` }, 'x'),
  'PUT If-Match with an ETag': put(thing, { 'If-Match': 'other' }, 'y'),
  'PUT anew': put(thing, {}, 'y'),
  'GET afterwards': get(thing),
  'POST If-None-Match': post(thing, { 'If-None-Match': '*', 'X-Object-Meta-A': 'b' }),
  'DELETE If-Match another': remove('~/conditions/new', { 'If-Match': 'other' }),
  'container HEAD If-Match': head('~/conditions', { 'If-Match': 'other' }),
})
