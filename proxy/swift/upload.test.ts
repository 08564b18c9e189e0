import fc from 'fast-check'
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Response } from '#http/message.ts'
import { guessedType, UNKNOWN_TYPE } from './content-types.ts'
import { deleteAtIn } from './delete-at.ts'
import { changesIn, checkMetadata, objectMetadataIn } from './metadata-headers.ts'
import { checkContentType, checkLength, contentTypeOf, withoutOwnParameters } from './upload-rules.ts'

const MAX = 100
const said = (response: Response | undefined): [number, string] | undefined =>
  response && [response.status, String(response.body)]

t.test('the length of an upload must be told, as RFC 9112 has it', (t) => {
  t.equal(checkLength({ 'content-length': '0' }, MAX), undefined)
  t.equal(checkLength({ 'content-length': '100' }, MAX), undefined)
  t.equal(checkLength({ 'transfer-encoding': 'Chunked' }, MAX), undefined)
  t.equal(
    checkLength({ 'transfer-encoding': 'chunked', 'content-length': '1000' }, MAX),
    undefined,
    'chunked wins',
  )
  t.strictSame(said(checkLength({}, MAX)), [411, 'Missing Content-Length header.'])
  t.strictSame(said(checkLength({ 'content-length': '101' }, MAX)), [413, 'Your request is too large.'])
  for (const length of ['-1', 'x', '', '1e3', '0x10', '1 2', '9'.repeat(40)]) {
    t.strictSame(said(checkLength({ 'content-length': length }, MAX)), [
      400,
      'Invalid Content-Length header value',
    ])
  }
  t.equal(checkLength({ 'transfer-encoding': 'gzip, chunked' }, MAX)?.status, 501)
  t.equal(checkLength({ 'transfer-encoding': 'gzip' }, MAX)?.status, 400)
  t.end()
})

t.test('a type may not speak our language', (t) => {
  t.equal(checkContentType('text/plain; charset=utf-8'), undefined)
  t.equal(checkContentType('text/plain;swift_bytes=5')?.status, 400)
  t.equal(checkContentType('text/plain; a=b;  swift_other=5')?.status, 400)
  t.equal(withoutOwnParameters('text/plain; a=b; swift_bytes=5;c=d'), 'text/plain; a=b;c=d')
  t.end()
})

t.test('a type that is not named is guessed from the ending', (t) => {
  for (const [name, type] of [
    ['a.html', 'text/html'],
    ['dir.png/a.JPG', 'image/jpeg'],
    ['a.tar.gz', 'application/x-tar'],
    ['a.txt.bz2', 'text/plain'],
    ['a.tgz', 'application/x-tar'],
    ['a.gz', UNKNOWN_TYPE],
    ['.tar.gz', UNKNOWN_TYPE],
    ['a', UNKNOWN_TYPE],
    ['a.unknown', UNKNOWN_TYPE],
    ['.html', UNKNOWN_TYPE],
    ['a.png/b', UNKNOWN_TYPE],
    ['a.', UNKNOWN_TYPE],
    ['a.constructor', UNKNOWN_TYPE],
  ] as const) {
    t.equal(guessedType(name), type, name)
  }
  t.equal(contentTypeOf({ 'content-type': 'x/y' }, 'a.png'), 'x/y')
  t.equal(contentTypeOf({ 'content-type': 'x/y', 'x-detect-content-type': 'Yes' }, 'a.png'), 'image/png')
  t.equal(contentTypeOf({ 'content-type': '' }, 'a.png'), 'image/png')
  t.end()
})

t.test('a deletion is a time to come, in ten digits', (t) => {
  const clock = new VirtualClock({ startMs: 1_700_000_000_500 })
  const time = (headers: Record<string, string>): unknown => {
    const read = deleteAtIn(headers, clock)
    return read.kind === 'time' ? read.value : String(read.response.body)
  }
  t.equal(time({}), undefined)
  t.equal(time({ 'x-delete-at': '1700000001' }), '1700000001')
  t.equal(time({ 'x-delete-at': '1700000000' }), 'X-Delete-At in past')
  t.equal(time({ 'x-delete-at': '99999999999' }), '9999999999')
  t.equal(time({ 'x-delete-at': '-5' }), 'X-Delete-At in past')
  t.equal(time({ 'x-delete-at': '1.5' }), 'Non-integer X-Delete-At')
  t.equal(time({ 'x-delete-at': '' }), 'Non-integer X-Delete-At')
  t.equal(time({ 'x-delete-after': '60' }), '1700000060')
  t.equal(time({ 'x-delete-after': '0' }), 'X-Delete-After in past')
  t.equal(time({ 'x-delete-after': 'soon' }), 'Non-integer X-Delete-After')
  t.equal(time({ 'x-delete-after': '60', 'x-delete-at': '1' }), '1700000060', 'after wins')
  t.end()
})

t.test('metadata of an object is what a client may store, and nothing else', (t) => {
  t.strictSame(
    objectMetadataIn({
      'x-object-meta-a': 'b',
      'x-object-meta-empty': '',
      'x-object-meta-': 'nameless',
      'x-object-sysmeta-a': 'b',
      'x-container-meta-a': 'b',
      'content-encoding': 'gzip',
      'x-static-large-object': 'true',
      'x-auth-token': 'secret',
      'content-type': 'text/plain',
    }),
    { 'x-object-meta-a': 'b', 'x-object-meta-empty': '', 'content-encoding': 'gzip' },
  )
  t.end()
})

t.test('a change sets what is sent and empties what is to be removed', (t) => {
  t.strictSame(
    changesIn(
      {
        'x-container-meta-a': 'b',
        'x-remove-container-meta-c': 'x',
        'x-remove-container-meta-a': 'x',
        'x-remove-container-read': 'x',
        'x-container-write': 'w',
        'x-container-host': 'h',
        'x-account-meta-a': 'b',
      },
      'container',
    ),
    { 'x-container-meta-a': 'b', 'x-container-meta-c': '', 'x-container-read': '', 'x-container-write': 'w' },
  )
  t.end()
})

t.test('metadata within the limits is taken, whatever it says', (t) => {
  const key = fc.string({ minLength: 1, maxLength: 20 }).map((text) => `x-object-meta-${text}`)
  fc.assert(
    fc.property(fc.dictionary(key, fc.string({ maxLength: 100 }), { maxKeys: 30 }), (headers) => {
      return checkMetadata(headers, 'object') === undefined
    }),
  )
  t.end()
})

t.test('metadata over a limit is refused, and the limit itself is not', (t) => {
  const count = (items: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: items }, (_, n) => [`x-object-meta-${n}`, 'v']))
  t.equal(checkMetadata(count(90), 'object'), undefined)
  t.strictSame(said(checkMetadata(count(91), 'object')), [400, 'Too many metadata items; max 90'])
  const named = (length: number): Record<string, string> => ({ [`x-object-meta-${'n'.repeat(length)}`]: 'v' })
  t.equal(checkMetadata(named(128), 'object'), undefined)
  t.equal(checkMetadata(named(129), 'object')?.status, 400)
  const valued = (length: number): Record<string, string> => ({ 'x-object-meta-a': 'v'.repeat(length) })
  t.equal(checkMetadata(valued(256), 'object'), undefined)
  t.equal(checkMetadata(valued(257), 'object')?.status, 400)
  t.equal(checkMetadata({ 'x-other': 'v'.repeat(8193) }, 'object')?.status, 400)
  t.equal(checkMetadata({ 'x-account-meta-a': 'a\0b' }, 'account')?.status, 400)
  t.end()
})
