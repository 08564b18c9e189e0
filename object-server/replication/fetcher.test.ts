/** What arrives is what was stored, or it is not kept. */
import t from 'tap'
import { Drive, type KeptRoom } from '#backend/drive-state.ts'
import { directoriesDisk, roomySpace } from '#backend/test-twins.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { type BodyStream, type Response, readWhole } from '#http/message.ts'
import { accept, candidate, commit, stage } from '../conditional-contract.ts'
import type { DiskEngine } from '../disk-engine.ts'
import { bodyOf, look, NAME, post, putObject, remove, second } from '../engine-contract.ts'
import { newMachine, startEngine } from '../test-engine.ts'
import { type Entry, entryOf } from './entry.ts'
import { type Fetched, type FetchWish, ObjectFetcher } from './fetcher.ts'
import { generatedBody } from './frames.ts'
import type { ObjectsRequest } from './messages.ts'
import { serveObjects } from './serve-objects.ts'

const ROOM: KeptRoom = { release: () => {} }
const PEER = { host: '10.0.0.2', port: 6200, device: 'sdb' }

/** What the network does to the bytes of an answer. */
type Wire = (bytes: Buffer, request: ObjectsRequest) => Buffer

async function fetchFrom(
  from: DiskEngine,
  to: DiskEngine,
  parts: {
    readonly wire?: Wire
    readonly room?: 'full'
    readonly lack?: FetchWish['lack']
    readonly arrives?: 'whole'
    readonly admit?: (bytes: number) => Promise<void>
  } = {},
): Promise<Fetched> {
  const entry = await entryIn(from)
  const fetcher = new ObjectFetcher({
    replica: to.replica,
    drive: { keepRoom: async () => (parts.room === 'full' ? undefined : ROOM) },
    clock: new VirtualClock(),
    log: silentLogger,
    admit: parts.admit,
    peers: {
      objects: async (_peer: unknown, request: ObjectsRequest): Promise<Response> => {
        const answer = serveObjects(from.replica, request)
        const bytes = Buffer.from(await readWhole(answer.body, 2 ** 30))
        const arriving = parts.wire?.(bytes, request) ?? bytes
        return { ...answer, body: parts.arrives === 'whole' ? arriving : pieces(arriving) }
      },
    } as never,
  })
  return await fetcher.fetch(PEER, [{ entry, lack: parts.lack ?? 'data' }])
}

async function entryIn(engine: DiskEngine): Promise<Entry> {
  const hash = engine.replica.hashOf(NAME)
  const states = await engine.replica.states([hash])
  if ('kind' in states) throw new Error(states.reason)
  return entryOf(hash, states[0]?.state as never)
}

/** In pieces of odd lengths, as a network gives them. */
function pieces(bytes: Buffer): BodyStream {
  return generatedBody(
    (async function* () {
      for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001)
    })(),
  )
}

t.test('an object arrives with its metadata, also with what POSTs said later', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  await putObject(one, second(1), 'hello', { headers: { 'x-object-sysmeta-a': '1' } })
  await post(one, second(2), { 'x-object-meta-b': '2' }, { value: 'new/type', timestamp: second(2) })
  t.match(await fetchFrom(one, other), { objects: 1, bytes: 5, failed: 0 })
  t.equal(await bodyOf(other), 'hello')
  t.same(await look(other), await look(one))
  t.same(one.digestBelow(''), other.digestBelow(''))
  t.equal(await other.updates.count(), 2, 'rows of both: only a disk that was lost may have known them')
})

t.test('an answer that is there as a whole is read like any other', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  await putObject(one, second(1), 'hello')
  t.match(await fetchFrom(one, other, { arrives: 'whole' }), { objects: 1, bytes: 5, failed: 0 })
  t.equal(await bodyOf(other), 'hello')
})

t.test('a tombstone arrives without a body', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  await putObject(other, second(1), 'old')
  await remove(one, second(2))
  t.match(await fetchFrom(one, other, { lack: 'small' }), { metadata: 1, failed: 0 })
  t.same(await look(other), { kind: 'deleted', timestamp: second(2) })
})

t.test('a body that changed on the way is not kept, wherever a bit flips', async (t) => {
  const { engine: one } = await startEngine()
  await putObject(one, second(1), 'hello, this is a body')
  for (let back = 1; back < 40; back += 1) {
    const { engine: other } = await startEngine()
    const flipped: Wire = (bytes) => {
      const at = bytes.length - back
      bytes[at] = (bytes[at] ?? 0) ^ 1
      return bytes
    }
    await fetchFrom(one, other, { wire: flipped })
    const body = await bodyOf(other)
    t.ok(body === 'missing' || body === 'hello, this is a body', body)
    await other.close()
  }
})

t.test('what came and could not be kept is missing, whatever the reason', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  await putObject(one, second(1), 'hello')
  t.match(await fetchFrom(one, refusing(other)), { objects: 0, bytes: 0, failed: 1 })
})

/** As an engine whose program has a fault, and no disk an error. */
function refusing(engine: DiskEngine): DiskEngine {
  const storeCopies = async (): Promise<never> => {
    throw new TypeError('a fault of the program')
  }
  const { replica } = engine
  return { replica: { hashOf: (name: string) => replica.hashOf(name), storeCopies } } as never
}

t.test('an answer that breaks off leaves nothing half done', async (t) => {
  const { engine: one } = await startEngine()
  await putObject(one, second(1), 'hello, this is a body')
  const { engine: other } = await startEngine()
  for (const kept of [0, 3, 50, 200]) {
    t.match(await fetchFrom(one, other, { wire: (bytes) => bytes.subarray(0, kept) }), {
      objects: 0,
      failed: 1,
    })
    t.equal(await bodyOf(other), 'missing')
  }
  t.match(await fetchFrom(one, other), { objects: 1, failed: 0 })
})

t.test('a large object that changed while it was fetched is not put together from two', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  const [first, later] = [Buffer.alloc(3 * BLOCK_BYTES, 'a'), Buffer.alloc(3 * BLOCK_BYTES, 'b')]
  await putObject(one, second(1), first)
  const entry = await entryIn(one)
  let asked = 0
  const clock = new VirtualClock()
  const fetcher = new ObjectFetcher({
    replica: other.replica,
    drive: { keepRoom: async () => ROOM },
    clock,
    log: silentLogger,
    peers: {
      objects: async (_peer: unknown, request: ObjectsRequest): Promise<Response> => {
        asked += 1
        const answer = serveObjects(one.replica, request)
        const bytes = await readWhole(answer.body, 2 ** 30)
        if (asked > 1) return { ...answer, body: pieces(bytes) }
        await putObject(one, second(2), later)
        return { ...answer, body: pieces(bytes.subarray(0, 2 * BLOCK_BYTES)) }
      },
    } as never,
  })
  const fetching = fetcher.fetch(PEER, [{ entry, lack: 'data' }])
  for (let step = 0; step < 20; step += 1) await clock.advance(1000)
  t.match(await fetching, { objects: 0, failed: 1 })
  t.equal(await bodyOf(other), 'missing')
})

t.test('what the others made visible arrives also where its candidate still waits', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  const chosen = { at: 5, candidate: candidate(6) }
  for (const engine of [one, other]) {
    await stage(engine, chosen.candidate, 'chosen')
    t.match(await accept(engine, chosen), { kind: 'accepted' })
  }
  t.match(await commit(one, chosen), { kind: 'changed' })
  t.match(await fetchFrom(one, other), { objects: 1, failed: 0 })
  t.equal(await bodyOf(other), 'chosen')
  t.same(one.digestBelow(''), other.digestBelow(''))
  t.match(await commit(other, chosen), { kind: 'superseded' }, 'the commit comes late, and changes nothing')
  t.equal(await bodyOf(other), 'chosen')
})

t.test('an older version arrives behind a candidate that waits, which then takes its place', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  await putObject(one, second(3), 'plain')
  const chosen = { at: 5, candidate: candidate(6) }
  await stage(other, chosen.candidate, 'chosen')
  await accept(other, chosen)
  t.match(await fetchFrom(one, other), { objects: 1, failed: 0 })
  t.equal(await bodyOf(other), 'plain')
  t.match(await commit(other, chosen), { kind: 'changed' })
  t.equal(await bodyOf(other), 'chosen')
})

t.test(
  'every byte of a body waits for the limit of the bandwidth, of small objects and of large ones',
  async (t) => {
    for (const bytes of [5, 3 * BLOCK_BYTES + 1]) {
      const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
      await putObject(one, second(1), Buffer.alloc(bytes, 1))
      let admitted = 0
      const admit = async (count: number): Promise<void> => {
        t.equal((await look(other)).kind, 'missing', 'before anything of it is to be seen')
        admitted += count
      }
      t.match(await fetchFrom(one, other, { admit }), { objects: 1, bytes })
      t.equal(admitted, bytes)
    }
  },
)

t.test('a device without room is asked nothing', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  await putObject(one, second(1), 'hello')
  t.match(await fetchFrom(one, other, { room: 'full' }), { objects: 0, full: 1, failed: 0 })
})

t.test('many objects that fit one by one do not fill a device past its reserve', async (t) => {
  const [{ engine: one }, { engine: other }] = [await startEngine(), await startEngine()]
  const names = ['/a/c/1', '/a/c/2', '/a/c/3']
  for (const name of names) await putObject(one, second(1), Buffer.alloc(3 * BLOCK_BYTES), { name })
  await remove(one, second(2))
  const clock = new VirtualClock()
  // Room for two of them above the reserve of one in a hundred.
  const space = { ...roomySpace(), totalBytes: 100 * BLOCK_BYTES, freeBytes: 7 * BLOCK_BYTES }
  const drive = new Drive({
    clock,
    devicesPath: '/srv',
    device: 'sda',
    disk: directoriesDisk(space),
    mountCheck: 'any_directory',
  })
  const fetcher = new ObjectFetcher({
    replica: other.replica,
    drive,
    clock,
    log: silentLogger,
    peers: {
      objects: async (_: unknown, request: ObjectsRequest) => serveObjects(one.replica, request),
    } as never,
  })
  const states = await one.replica.states([...names, NAME].map((name) => one.replica.hashOf(name)))
  if ('kind' in states) throw new Error(states.reason)
  const wishes = states.map(({ hash, state }): FetchWish => {
    return { entry: entryOf(hash, state), lack: state.data === undefined ? 'small' : 'data' }
  })
  t.match(await fetcher.fetch(PEER, wishes), { objects: 2, metadata: 1, full: 1, failed: 0 })
})

t.test(
  'of many objects each arrives as it is: usual ones, changed, deleted, damaged and missing ones',
  async (t) => {
    const machine = newMachine()
    const [{ engine: one }, { engine: other }] = [await startEngine(machine), await startEngine()]
    const names = Array.from({ length: 90 }, (_, at) => `/a/c/many-${at}`)
    const [changed, deleted, damaged, lost] = [5, 17, 40, 41]
    for (const [at, name] of names.entries()) await putObject(one, second(1), `body ${at}`, { name })
    await one.replica.merge({
      kind: 'meta',
      meta: {
        name: names[changed] ?? '',
        timestamp: second(3),
        headers: { 'x-object-meta-a': '1' },
        contentType: undefined,
      },
    })
    await one.delete(names[deleted] ?? '', { timestamp: second(4), updates: () => [] })
    const hashes = names.map((name) => one.replica.hashOf(name))
    const states = await one.replica.states(hashes)
    if ('kind' in states) throw new Error(states.reason)
    const pathOf = (at: number): string =>
      machine.disk.files().find((path) => path.includes(hashes[at] ?? '-')) ?? ''
    machine.disk.flipBit(pathOf(damaged), 2)
    machine.disk.lose(pathOf(lost))
    const fetcher = new ObjectFetcher({
      replica: other.replica,
      drive: { keepRoom: async () => ROOM },
      clock: new VirtualClock(),
      log: silentLogger,
      peers: {
        objects: async (_: unknown, request: ObjectsRequest) => serveObjects(one.replica, request),
      } as never,
    })
    const wishes = states.map(({ hash, state }): FetchWish => ({ entry: entryOf(hash, state), lack: 'data' }))
    const fetched = await fetcher.fetch(PEER, wishes)
    t.match(fetched, { objects: names.length - 3, metadata: 1, failed: 2 })
    for (const [at, name] of names.entries()) {
      const found = await look(other, second(1000), name)
      const isGone = at === damaged || at === lost
      t.equal(found.kind, at === deleted ? 'deleted' : isGone ? 'missing' : 'found', name)
      if (found.kind === 'found') t.equal(await bodyOf(other, name), `body ${at}`)
    }
    t.match(await look(other, second(1000), names[changed] ?? ''), {
      object: { headers: { 'x-object-meta-a': '1' } },
    })
    t.same(
      await look(one, second(1000), names[damaged] ?? ''),
      { kind: 'quarantined' },
      'who meets it takes it out of service',
    )
  },
)
