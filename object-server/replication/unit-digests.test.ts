/** Digests of units of any size: all sizes say the same, and little is remembered of sizes that somebody asked about once. */
import t from 'tap'
import { putObject, second } from '../engine-contract.ts'
import type { ReplicaAccess } from '../replica-access.ts'
import { startEngine, type TestEngine } from '../test-engine.ts'
import { rangesOf, statesIn, UnitDigests, unitOf, type Wanted } from './unit-digests.ts'

const NAMES = Array.from({ length: 40 }, (_, at) => `/a/c/o${at}`)

interface Counted {
  readonly engine: TestEngine['engine']
  readonly digests: UnitDigests
  /** Ranges that were read from the index so far. */
  readonly reads: () => number
}

async function filled(): Promise<Counted> {
  const { engine } = await startEngine()
  for (const name of NAMES) await putObject(engine, second(1), name, { name })
  const { replica } = engine
  let reads = 0
  const counting = new Proxy(replica, {
    get: (target, member) => {
      if (member === 'below') reads += 1
      const value: unknown = Reflect.get(target, member)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { engine, digests: new UnitDigests(counting as ReplicaAccess), reads: () => reads }
}

t.test('some units have the digests that they have among all', async (t) => {
  const { engine, digests } = await filled()
  for (const bits of [0, 1, 8, 16, 17, 24, 32]) {
    const all = await digests.all(bits)
    const numbers = [...new Set(NAMES.map((name) => unitOf(engine.replica.hashOf(name), bits)))]
    t.same(
      await digests.of(bits, numbers),
      numbers.map((number) => all.get(number)?.digest),
      `${bits} bits`,
    )
    t.equal(all.size, numbers.length)
  }
  await engine.close()
})

t.test('of a unit that is finer than a range only that range is read', async (t) => {
  const { engine, digests, reads } = await filled()
  const number = unitOf(engine.replica.hashOf('/a/c/o1'), 20)
  const [first] = await digests.of(20, [number, number])
  t.notSame(first, Buffer.alloc(16))
  t.equal(reads(), 1)
  t.same(await digests.of(20, [number ^ 0xff000]), [Buffer.alloc(16)], 'nothing is there')
  t.equal(reads(), 1)
  await engine.close()
})

t.test('sizes that nobody has asked about for long are forgotten', async (t) => {
  const { engine, digests, reads } = await filled()
  const hash = engine.replica.hashOf('/a/c/o1')
  const ask = (bits: number): Promise<unknown> => digests.of(bits, [unitOf(hash, bits)])
  for (let bits = 17; bits <= 32; bits += 1) await ask(bits)
  const before = reads()
  for (const bits of [30, 31, 32]) await ask(bits)
  t.equal(reads(), before, 'the last three are known')
  await ask(17)
  t.equal(reads(), before + 1)
  await engine.close()
})

t.test('the entries of a unit are those of its wanted ranges, behind a hash, in their order', async (t) => {
  const { engine } = await filled()
  const { replica } = engine
  const whole = { partPower: 0, partition: 0 }
  const hashesOf = async (wanted?: Wanted): Promise<readonly string[]> => {
    const hashes: string[] = []
    for await (const { hash } of statesIn(replica, whole, wanted)) hashes.push(hash)
    return hashes
  }
  const all = NAMES.map((name) => replica.hashOf(name)).toSorted()
  t.same(await hashesOf(), all)
  t.same(await hashesOf({ after: all[17] }), all.slice(18))
  const isWanted = (range: number): boolean => range < 0x3000 || (range >= 0x8000 && range < 0xc000)
  const ranges = rangesOf(whole).filter(isWanted)
  const isIn = (hash: string): boolean => isWanted(Number.parseInt(hash.slice(0, 4), 16))
  t.same(await hashesOf({ ranges }), all.filter(isIn))
  t.same(await hashesOf({ ranges, after: all[3] }), all.slice(4).filter(isIn))
  t.same(await hashesOf({ ranges: [] }), [])
  const half = { partPower: 1, partition: 1 }
  const upper: string[] = []
  for await (const { hash } of statesIn(replica, half)) upper.push(hash)
  t.same(
    upper,
    all.filter((hash) => hash >= '8'),
  )
  await engine.close()
})
