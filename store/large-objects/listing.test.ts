/** Goal: what rows carry in parameters of their ETags is told where it belongs, and names that look like it are left alone. */
import * as fc from 'fast-check'
import t from 'tap'
import { type ObjectMember, objectPage } from '../listing-pages.ts'
import { withJoinedEtags } from './listing.ts'

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e'
const row = (name: string, hash: string): ObjectMember => ({
  name,
  bytes: 0,
  hash,
  content_type: 'text/plain',
  last_modified: '2026-11-22T03:00:00.000000',
})
const pageOf = (...rows: readonly ObjectMember[]): ReturnType<typeof withJoinedEtags> =>
  withJoinedEtags(objectPage(Buffer.from(JSON.stringify(rows)), 'complete'))

t.test('a checksum is told with the entries and left out of the JSON', async (t) => {
  for (const [hash, etag, extra] of [
    [`${MD5}; s3_sum=CRC64NVME`, MD5, { s3_sum: 'CRC64NVME' }],
    [`${MD5}; swift_meta=x; s3_sum=SHA256-COMPOSITE`, `${MD5}; swift_meta=x`, { s3_sum: 'SHA256-COMPOSITE' }],
    [`${MD5}; s3_sum=CRC32; swift_meta=x`, `${MD5}; swift_meta=x`, { s3_sum: 'CRC32' }],
    [`${MD5}; s3_class=GLACIER; s3_sum=CRC32`, MD5, { s3_class: '"GLACIER"', s3_sum: 'CRC32' }],
    [MD5, MD5, {}],
  ] as const) {
    const page = pageOf(row('first', `${MD5}; s3_sum=CRC32C`), row('o', hash))
    t.match(page.entries()[1], { name: 'o', etag, extra }, hash)
    const [, shown] = JSON.parse(page.json.toString()) as readonly (ObjectMember & { s3_sum?: string })[]
    t.equal(shown?.hash, etag)
    t.equal(shown?.s3_sum, undefined)
  }
})

t.test('a page of which no row has parameters is left as it is', async (t) => {
  const page = objectPage(Buffer.from(JSON.stringify([row('o', MD5)])), 'complete')
  t.equal(withJoinedEtags(page), page)
})

t.test('no name and no type is taken for a parameter', async () => {
  const text = fc
    .array(fc.constantFrom('"hash":"', '; s3_sum=CRC32', '; s3_class=X', '"', '\\', ';', 'a', 'é'), {
      maxLength: 6,
    })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, text, (name, type) => {
      const members = [
        { ...row(`n${name}`, `${MD5}; s3_sum=CRC32`), content_type: type },
        row(`o${name}`, MD5),
      ]
      const page = pageOf(...members)
      const shown = JSON.parse(page.json.toString()) as readonly ObjectMember[]
      const wanted = members.map((member) => ({ ...member, hash: MD5 }))
      return (
        JSON.stringify(shown) === JSON.stringify(wanted) &&
        page.entries().every((entry, at) => entry.kind === 'object' && entry.name === members[at]?.name)
      )
    }),
  )
})
