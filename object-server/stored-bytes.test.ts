import fc from 'fast-check'
import t from 'tap'
import type { Timestamp } from '#base/timestamp.ts'
import type { MetaRecord } from './meta-record.ts'
import { type DataRecord, EMPTY_STATE } from './object-state.ts'
import { precedenceOf } from './precedence.ts'
import { decodeEntry, decodeRecord, encodeEntry, encodeRecord, packCrcs } from './stored-bytes.ts'
import { asNewerEntry, asNewerRecord } from './test-newer-format.ts'

const DATA: DataRecord = {
  name: '/a/c/emoji 🐦',
  timestamp: '1700000000.12345_00000000000000ff' as Timestamp,
  sizeBytes: 5 * 2 ** 30,
  etag: '5d41402abc4b2a76b9719d911017c592',
  contentType: 'text/plain; charset=utf-8',
  headers: { 'x-object-meta-a': '\u00c3\u00a9 latin1', 'x-object-sysmeta-b': '' },
  blockCrcs: [0, 1, 0xffffffff],
}

const META: MetaRecord = {
  name: '/a/c/o',
  timestamp: '1700000001.00000' as Timestamp,
  headers: {},
  contentType: { value: 'a/b', timestamp: '1700000000.50000' as Timestamp },
}

await t.test('what is stored is read back', async (t) => {
  t.same(decodeRecord(encodeRecord({ kind: 'data', data: DATA })), { kind: 'data', data: DATA })
  t.same(decodeRecord(encodeRecord({ kind: 'meta', meta: META })), { kind: 'meta', meta: META })
  const tombstone = { kind: 'tombstone' as const, name: '/a/c/o', timestamp: META.timestamp }
  t.same(decodeRecord(encodeRecord(tombstone)), tombstone)
})

await t.test('version 1 of the format, byte by byte', async (t) => {
  const record = encodeRecord({ kind: 'tombstone', name: '/a/c/o', timestamp: META.timestamp })
  t.equal(record.toString('hex'), '4d4f01919e940293a174a62f612f632f6fb0313730303030303030312e3030303030')
})

await t.test('fields that were changed one by one keep their times, in a version of their own', async (t) => {
  const tags = { value: 'a=b', timestamp: META.timestamp }
  for (const postedAt of [undefined, '1700000000.70000' as Timestamp]) {
    const meta = { ...META, fields: { postedAt, facts: { 'x-object-transient-sysmeta-s3-tags': tags } } }
    const record = encodeRecord({ kind: 'meta', meta })
    t.same(decodeRecord(record), { kind: 'meta', meta })
    t.equal(record[2], 2)
    t.same(decodeEntry(encodeEntry({ ...EMPTY_STATE, meta })).meta, meta)
    for (let at = 0; at < record.length; at += 1) {
      const damaged = Buffer.from(record)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      t.equal(decodeRecord(damaged), undefined)
    }
  }
})

await t.test('version 2 of the format, byte by byte', async (t) => {
  const facts = { f: { value: 'v', timestamp: META.timestamp } }
  const meta = { ...META, contentType: undefined, fields: { postedAt: undefined, facts } }
  t.equal(
    encodeRecord({ kind: 'meta', meta }).toString('hex'),
    '4d4f02affb285b98a16da62f612f632f6fb0313730303030303030312e303030303090c0c0c093a166a176b0313730303030303030312e3030303030',
  )
})

await t.test('any damage to a record is noticed', async (t) => {
  const record = encodeRecord({ kind: 'data', data: DATA })
  fc.assert(
    fc.property(fc.nat({ max: record.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const damaged = Buffer.from(record)
      damaged[at] = (damaged[at] ?? 0) ^ bits
      t.equal(decodeRecord(damaged), undefined)
      t.equal(decodeRecord(record.subarray(0, at)), undefined)
    }),
  )
  t.equal(decodeRecord(Buffer.alloc(0)), undefined)
})

await t.test('an index entry keeps the record when it is small, and always what it summarises', async (t) => {
  const version = (data: DataRecord) => {
    const { timestamp, sizeBytes, etag } = data
    return { timestamp, sizeBytes, etag, fileBytes: sizeBytes + 77, record: data }
  }
  const state = { ...EMPTY_STATE, data: version(DATA), meta: META }
  t.same(decodeEntry(encodeEntry(state)), state)
  const large = { ...DATA, headers: { 'x-object-meta-a': 'x'.repeat(5000) } }
  const decoded = decodeEntry(encodeEntry({ ...EMPTY_STATE, data: version(large) }))
  t.same(decoded.data, {
    ...version(large),
    record: undefined,
    precedence: precedenceOf(version(large)),
  })
  const absent = { ...EMPTY_STATE, tombstone: META.timestamp, lost: DATA.timestamp }
  t.same(decodeEntry(encodeEntry(absent)), absent)
})

await t.test('what a newer version wrote is neither guessed at nor damaged', async (t) => {
  const record = asNewerRecord(encodeRecord({ kind: 'data', data: DATA }))
  t.throws(() => decodeRecord(record), { code: 'ENEWERFORMAT', message: /newer version of Martlet/ })
  for (let at = 0; at < record.length; at += 1) {
    const damaged = Buffer.from(record)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    t.equal(decodeRecord(damaged), undefined, 'unless it is damaged too')
  }
  t.throws(() => decodeEntry(asNewerEntry(Buffer.from('whatever'))), { code: 'ENEWERFORMAT' })
})

await t.test('a flipped bit of the version is damage, not a newer version', async (t) => {
  const entry = encodeEntry({ ...EMPTY_STATE, tombstone: META.timestamp })
  for (let bit = 0; bit < 8; bit += 1) {
    const damaged = Buffer.from(entry)
    damaged[0] = (damaged[0] ?? 0) ^ (1 << bit)
    t.throws(() => decodeEntry(damaged), { code: 'LEVEL_CORRUPTION' })
  }
})

await t.test('an index entry that nobody wrote is corrupt', async (t) => {
  t.throws(() => decodeEntry(Buffer.from([0, 0x90])), { code: 'LEVEL_CORRUPTION' })
  t.throws(() => decodeEntry(Buffer.from([1, 0x90])), { code: 'LEVEL_CORRUPTION' })
})

await t.test('CRCs are packed big endian, eight hex digits each', async (t) => {
  t.equal(packCrcs([1, 0xdeadbeef]).toString('hex'), '00000001deadbeef')
})
