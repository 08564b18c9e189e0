import t from 'tap'
import { FIRST_BALLOT, lastBallotAt } from '#base/ballot.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { emptyRecord, PROMISE_LIFE_SECONDS, type PromiseRecord } from './acceptor.ts'
import { acceptanceOf, ballot, candidate } from './conditional-contract.ts'
import { second } from './engine-contract.ts'
import { ObjectIndex } from './object-index.ts'
import { decodePromise, encodePromise, PromiseStore } from './promise-store.ts'

const hex = (text: string): string => Buffer.from(text).toString('hex')

const FULL: PromiseRecord = {
  promised: ballot(8),
  accepted: acceptanceOf({ at: 5, candidate: candidate(6) }),
  committed: acceptanceOf({ at: 3, candidate: candidate(4, 'tombstone') }),
}
/** `FULL` as version 1 writes it. */
const GOLDEN = [
  '0193d921',
  hex('1700000008.00000-0101010101010101'),
  'd959',
  hex('1700000005.00000-0101010101010101 1700000006.00000-0101010101010101 data 0000000000.00000'),
  'd95e',
  hex('1700000003.00000-0101010101010101 1700000004.00000-0101010101010101 tombstone 0000000000.00000'),
].join('')

const hash = (digit: string): string => digit.repeat(32)

t.test('a stored promise reads back, byte by byte', async (t) => {
  t.equal(encodePromise(FULL).toString('hex'), GOLDEN)
  t.same(decodePromise(Buffer.from(GOLDEN, 'hex')), FULL)
  t.same(decodePromise(encodePromise(emptyRecord(ballot(1)))), emptyRecord(ballot(1)))
  t.throws(() => decodePromise(Buffer.from([2, 0x90])), { code: 'ENEWERFORMAT' })
  t.throws(() => decodePromise(Buffer.from([1, 0x90])), { code: 'LEVEL_CORRUPTION' })
})

t.test('what is forgotten leaves a floor behind, across restarts too', async (t) => {
  const kv = new MemoryKv()
  const index = await ObjectIndex.open(kv, '/index')
  const store = await PromiseStore.open(index)
  t.equal((await store.get(hash('0'))).promised, FIRST_BALLOT)
  await store.save(hash('a'), emptyRecord(ballot(5)))
  await store.save(hash('b'), FULL)
  await store.save(hash('c'), emptyRecord(ballot(5000)))
  await store.sweep(second(PROMISE_LIFE_SECONDS + 100), (_hash, step) => step())
  const kept: string[] = []
  for await (const one of store.all()) kept.push(one.hash)
  t.same(kept, [hash('b'), hash('c')], 'what was accepted stays, and what is young')
  t.equal((await store.get(hash('a'))).promised, ballot(5))
  t.equal((await store.get(hash('0'))).promised, ballot(5))
  t.same(await store.get(hash('b')), FULL)
  await index.close()
  const again = await PromiseStore.open(await ObjectIndex.open(kv, '/index'))
  t.equal((await again.get(hash('a'))).promised, ballot(5))
  await again.forgetAllUntil(second(9))
  t.equal((await again.get(hash('a'))).promised, lastBallotAt(second(9)))
})

t.test('a sweep does not end before all is forgotten that can be', async (t) => {
  const store = await PromiseStore.open(await ObjectIndex.open(new MemoryKv(), '/index'))
  const hashes = Array.from({ length: 2500 }, (_, at) => at.toString(16).padStart(32, '0'))
  await Promise.all(hashes.map((one) => store.save(one, emptyRecord(ballot(5)))))
  await store.save(hash('f'), emptyRecord(ballot(5000)))
  t.ok(store.isSweepDue)
  await store.sweep(second(PROMISE_LIFE_SECONDS + 100), (_hash, step) => step())
  const kept: string[] = []
  for await (const one of store.all()) kept.push(one.hash)
  t.same(kept, [hash('f')])
  t.notOk(store.isSweepDue)
})
