/**
 * Goal: a proxy that dies in the middle of an operation on versions loses nothing. Method: every operation is cut off before
 * every one of its steps, the one that does not come included; then another proxy looks.
 *
 * - What was acknowledged is there, as the current object, a version or a copy.
 * - The current object is the one of before or the one of after.
 * - The bytes that a container says it uses are those of the versions it lists, all of which can be read.
 * - The same operation, asked for again, comes to its end; afterwards everything can be deleted, and nothing is left.
 */
import t, { type Test } from 'tap'
import { CONTAINER } from './actions.ts'
import { asDeath, dyingAt } from './dying-store.ts'
import { ARCHIVE, idOf, Kept, layered } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'

interface Operation {
  readonly name: string
  /** What is there before. */
  readonly prepare: (kept: Kept) => Promise<unknown>
  /** Which version a later step is about, from what is there. */
  readonly run: (kept: Kept, versionIds: readonly string[]) => Promise<{ readonly kind: string }>
  /** Bodies that were acknowledged and that the operation does not delete. */
  readonly lasting: readonly string[]
  /** What the current object may be afterwards. */
  readonly current: readonly string[]
  /** The same after it was done twice, where that is not the same. */
  readonly twice?: Pick<Operation, 'lasting' | 'current'>
}

const VERSIONS = { 'x-versions-enabled': 'true' }
const STACK = { 'x-versions-location': ARCHIVE.container }
const HISTORY = { 'x-history-location': ARCHIVE.container }
const GONE = '<no_such_object>'

async function twoVersions(kept: Kept): Promise<void> {
  await kept.container(VERSIONS)
  await kept.put('o', 'one')
  await kept.put('o', 'second')
}

async function plainOnVersion(kept: Kept): Promise<void> {
  await kept.container(VERSIONS)
  await kept.put('o', 'one')
  await kept.container({ 'x-versions-enabled': 'false' })
  await kept.put('o', 'plain')
  await kept.container(VERSIONS)
}

/** A null version that is kept below a version that is the current one. */
async function suspendedOnNull(kept: Kept): Promise<void> {
  await kept.container({})
  await kept.put('o', 'null')
  await kept.container(VERSIONS)
  await kept.put('o', 'one')
  await kept.container({ 'x-versions-enabled': 'suspended' })
}

/** A null version that is the current one, over a version. */
async function nullOnVersion(kept: Kept): Promise<void> {
  await suspendedOnNull(kept)
  await kept.put('o', 'null', undefined, { nullVersion: 'replaced' })
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'PUT over a version',
    prepare: twoVersions,
    run: (kept) => kept.put('o', 'third'),
    lasting: ['one', 'second'],
    current: ['second', 'third'],
  },
  {
    name: 'PUT over an object without a version',
    prepare: plainOnVersion,
    run: (kept) => kept.put('o', 'third'),
    lasting: ['one', 'plain'],
    current: ['plain', 'third'],
  },
  {
    name: 'DELETE',
    prepare: twoVersions,
    run: (kept) => kept.delete('o'),
    lasting: ['one', 'second'],
    current: ['second', GONE],
  },
  {
    name: 'DELETE of an object without a version',
    prepare: plainOnVersion,
    run: (kept) => kept.delete('o'),
    lasting: ['one', 'plain'],
    current: ['plain', GONE],
  },
  {
    name: 'DELETE of the current version',
    prepare: twoVersions,
    run: (kept, [latest]) => kept.delete('o', latest),
    lasting: ['one'],
    current: ['second', GONE],
  },
  {
    name: 'DELETE of an older version',
    prepare: twoVersions,
    run: (kept, [, oldest]) => kept.delete('o', oldest),
    lasting: ['second'],
    current: ['second'],
  },
  {
    name: 'PUT of a version as the current one',
    prepare: plainOnVersion,
    run: (kept, [, oldest]) => kept.put('o', '', oldest),
    lasting: ['one', 'plain'],
    current: ['plain', 'one'],
  },
  {
    name: 'PUT where versions are suspended, as S3 has it',
    prepare: suspendedOnNull,
    run: (kept) => kept.put('o', 'third', undefined, { nullVersion: 'replaced' }),
    lasting: ['one'],
    current: ['one', 'third'],
  },
  {
    name: 'DELETE where versions are suspended, as S3 has it',
    prepare: suspendedOnNull,
    run: (kept) => kept.delete('o', undefined, { nullVersion: 'replaced' }),
    lasting: ['one'],
    current: ['one', GONE],
  },
  {
    name: 'PUT over a null version where versions are suspended',
    prepare: nullOnVersion,
    run: (kept) => kept.put('o', 'third', undefined, { nullVersion: 'replaced' }),
    lasting: ['one'],
    current: ['null', 'third'],
  },
  {
    name: 'DELETE of a null version where versions are suspended',
    prepare: nullOnVersion,
    run: (kept) => kept.delete('o', undefined, { nullVersion: 'replaced' }),
    lasting: ['one'],
    current: ['null', GONE],
  },
  {
    name: 'DELETE on a condition where versions are suspended',
    prepare: nullOnVersion,
    run: (kept) =>
      kept.delete('o', undefined, { nullVersion: 'replaced', condition: { kind: 'matches', etags: '*' } }),
    lasting: ['one'],
    current: ['null', GONE],
  },
  {
    name: 'DELETE of the current version, which the next one succeeds',
    prepare: twoVersions,
    run: (kept, [latest]) => kept.delete('o', latest, { successor: 'newest' }),
    lasting: ['one'],
    current: ['second', 'one'],
  },
  {
    name: 'DELETE of a marker, which the next version succeeds',
    prepare: async (kept) => {
      await twoVersions(kept)
      await kept.delete('o')
    },
    run: (kept, [marker]) => kept.delete('o', marker, { successor: 'newest' }),
    lasting: ['one', 'second'],
    current: [GONE, 'second'],
  },
  {
    name: 'PUT with an archive',
    prepare: async (kept) => {
      await kept.container(STACK)
      for (const body of ['one', 'second']) await kept.put('o', body)
    },
    run: (kept) => kept.put('o', 'third'),
    lasting: ['one', 'second'],
    current: ['second', 'third'],
  },
  {
    name: 'DELETE that brings the last copy back',
    prepare: async (kept) => {
      await kept.container(STACK)
      for (const body of ['one', 'second', 'third']) await kept.put('o', body)
    },
    run: (kept) => kept.delete('o'),
    lasting: ['one', 'second'],
    current: ['third', 'second'],
    twice: { lasting: ['one'], current: ['second', 'one'] },
  },
  {
    name: 'DELETE with a history',
    prepare: async (kept) => {
      await kept.container(HISTORY)
      for (const body of ['one', 'second']) await kept.put('o', body)
    },
    run: (kept) => kept.delete('o'),
    lasting: ['one', 'second'],
    current: ['second', GONE],
  },
]

for (const operation of OPERATIONS) {
  await t.test(`a proxy dies over: ${operation.name}`, async (t) => {
    const cluster = await startCluster(t)
    const kept = new Kept(cluster, layered(cluster, cluster.store))
    for (let step = 1, isOver = false; !isOver; step += 1) {
      await kept.container({}, ARCHIVE)
      await operation.prepare(kept)
      const ids = (await kept.versions()).map(idOf)
      const dying = new Kept(cluster, layered(cluster, dyingAt(cluster.store, step)))
      const outcome = await operation.run(dying, ids).catch(asDeath)
      isOver = outcome.kind !== 'died'
      await check(t, kept, operation, `step ${step}`)
      const again = await operation.run(kept, ids)
      t.match(
        again.kind,
        /^(created|deleted|no_such_object|precondition_failed)$/,
        `step ${step}: asked for again`,
      )
      await check(t, kept, { ...operation, ...operation.twice }, `step ${step}, again`)
      const rows = await kept.rows(CONTAINER, { versions: { nullVersions: 'told' } })
      t.ok(rows.filter((row) => idOf(row) === 'null').length <= 1, `step ${step}, again: one null version`)
      await clear(t, cluster, kept)
    }
  })
}

/** One replica of each: it is the order of steps that is in question, not what a step comes to. */
async function startCluster(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  t.teardown(() => cluster.close())
  return cluster
}

async function check(
  t: Test,
  kept: Kept,
  { lasting, current }: Pick<Operation, 'lasting' | 'current'>,
  at: string,
): Promise<void> {
  const now = await kept.text('o')
  t.ok(current.includes(now), `${at}: the current object is ${now}`)
  const found = [now, ...(await kept.versionTexts('o')), ...(await kept.copyTexts())]
  for (const body of lasting) t.ok(found.includes(body), `${at}: ${body} is there`)
  const rows = await kept.versions()
  const bytes = rows.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
  t.equal(await kept.bytesUsed(), bytes, `${at}: bytes used are those of the versions listed`)
}

/** Deletes all there is, version by version, as an owner would. */
async function clear(t: Test, cluster: MemoryCluster, kept: Kept): Promise<void> {
  await kept.container({ 'x-versions-location': '' })
  await kept.container({ 'x-versions-enabled': 'false' })
  for (const row of await kept.versions()) await kept.delete(row.name, idOf(row))
  t.equal(await kept.deleteContainer(), 'deleted', 'the container can go')
  const copies = await kept.rows(ARCHIVE)
  for (const { name } of copies)
    await cluster.store.objects.delete(cluster.context, { ...ARCHIVE, object: name }, {})
  t.equal(await kept.deleteContainer(ARCHIVE), 'deleted')
}

await t.test('a proxy dies while a container with versions is made or deleted', async (t) => {
  const cluster = await startCluster(t)
  const kept = new Kept(cluster, layered(cluster, cluster.store))
  const hidden = { ...CONTAINER, container: `\0versions\0${CONTAINER.container}` }
  for (let step = 1; step <= 4; step += 1) {
    const maker = new Kept(cluster, layered(cluster, dyingAt(cluster.store, step)))
    await maker.container(VERSIONS).catch(asDeath)
    await kept.container(VERSIONS)
    t.equal((await kept.put('o', 'one')).kind, 'created', 'what keeps versions has a place for them')
    for (const row of await kept.versions()) await kept.delete(row.name, idOf(row))
    const remover = new Kept(cluster, layered(cluster, dyingAt(cluster.store, step)))
    await remover.deleteContainer().catch(asDeath)
    t.match(await kept.deleteContainer(), /^(deleted|no_such_container)$/)
    const left = await cluster.store.containers.read(cluster.context, hidden, {})
    t.equal(left.kind, 'no_such_container', 'the hidden container goes with its own')
  }
})
