/**
 * Goal: of writers of one object at the same moment, through different proxies, none makes a version disappear. Method:
 * races over three replicas; every body that was acknowledged must be found afterwards.
 */
import t, { type Test } from 'tap'
import { CONTAINER } from './actions.ts'
import { ARCHIVE, idOf, Kept, layered } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'

const RACERS = 6
/** Others came before again and again: such a write may be tried once more, and has settled nothing. */
const SETTLED: ReadonlySet<string> = new Set(['created', 'deleted', 'no_such_object'])
const BODIES = Array.from({ length: RACERS }, (_, at) => `body ${at}`)

interface Racing {
  readonly kept: Kept
  readonly other: Kept
}

/** The second proxy has seen nothing yet: it learns of the container when it needs it. */
async function startRace(t: Test, prepare: (kept: Kept) => Promise<unknown>): Promise<Racing> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const kept = new Kept(cluster, layered(cluster, cluster.store))
  await kept.container({}, ARCHIVE)
  await prepare(kept)
  return { kept, other: new Kept(cluster, layered(cluster, await cluster.anotherProxy())) }
}

/** All bodies are put at once, by turns through both proxies; those that were acknowledged. */
async function race({ kept, other }: Racing): Promise<readonly string[]> {
  const puts = BODIES.map((body, at) => (at % 2 === 0 ? kept : other).put('o', body))
  const outcomes = await Promise.all(puts)
  const written = BODIES.filter((_, at) => outcomes[at]?.kind === 'created')
  if (written.length === 0) throw new Error('nobody won')
  return written
}

await t.test('every PUT that was acknowledged is a version, and one is the current one', async (t) => {
  const racing = await startRace(t, (kept) => kept.container({ 'x-versions-enabled': 'true' }))
  const written = await race(racing)
  t.same(written, BODIES)
  const texts = await racing.kept.versionTexts('o')
  t.same(texts.toSorted(), BODIES.toSorted())
  const rows = await racing.kept.versions()
  t.equal(rows.filter((row) => row.extra['is_latest'] === true).length, 1)
  t.equal(await racing.kept.text('o'), texts[0], 'the newest version is the current one')
})

await t.test('what was put without a version is kept by whoever comes first', async (t) => {
  const racing = await startRace(t, async (kept) => {
    await kept.container({})
    await kept.put('o', 'plain')
    await kept.container({ 'x-versions-enabled': 'true' })
  })
  const written = await race(racing)
  const texts = await racing.kept.versionTexts('o')
  for (const body of ['plain', ...written]) t.ok(texts.includes(body), `${body} is there`)
})

for (const header of ['x-versions-location', 'x-history-location']) {
  await t.test(`every PUT that was acknowledged is there or in the archive, with ${header}`, async (t) => {
    const racing = await startRace(t, async (kept) => {
      await kept.container({ [header]: ARCHIVE.container })
      await kept.put('o', 'first')
    })
    const written = await race(racing)
    const found = [await racing.kept.text('o'), ...(await racing.kept.copyTexts())]
    for (const body of ['first', ...written]) t.ok(found.includes(body), `${body} is there`)
  })
}

await t.test('of two deletes at once each brings one copy back, or says that it did not', async (t) => {
  const racing = await startRace(t, async (kept) => {
    await kept.container({ 'x-versions-location': ARCHIVE.container })
    for (const body of ['one', 'second', 'third']) await kept.put('o', body)
  })
  const outcomes = await Promise.all([racing.kept.delete('o'), racing.other.delete('o')])
  const deleted = outcomes.filter(({ kind }) => kind === 'deleted').length
  const now = await racing.kept.text('o')
  t.equal(now, ['third', 'second', 'one'][deleted], `${deleted} were acknowledged`)
})

await t.test('a version that is deleted and brought back at once is there or is not', async (t) => {
  const racing = await startRace(t, async (kept) => {
    await kept.container({ 'x-versions-enabled': 'true' })
    for (const body of ['one', 'second']) await kept.put('o', body)
  })
  const oldest = (await racing.kept.versions()).at(-1)
  const id = oldest === undefined ? '' : idOf(oldest)
  await Promise.all([racing.kept.delete('o', id), racing.other.put('o', '', id)])
  const link = await racing.kept.text('o', { symlink: 'as_stored' })
  const now = await racing.kept.text('o')
  t.ok(link === '<no_such_object>' || now === 'second', 'no link leads to what is gone')
})

await t.test('a DELETE that saw nothing buries nothing that is put meanwhile', async (t) => {
  const racing = await startRace(t, (kept) => kept.container({ 'x-history-location': ARCHIVE.container }))
  const names = Array.from({ length: RACERS }, (_, at) => `o${at}`)
  const outcomes = await Promise.all(
    names.map(async (name) => {
      const [put] = await Promise.all([
        racing.kept.put(name, `body of ${name}`),
        racing.other.delete(name),
        racing.kept.delete(name),
      ])
      return put.kind
    }),
  )
  const copies = await racing.kept.copyTexts()
  for (const [at, name] of names.entries()) {
    if (outcomes[at] !== 'created') continue
    const there = [await racing.kept.text(name), ...copies]
    t.ok(there.includes(`body of ${name}`), `${name} is there`)
  }
})

await t.test(
  'where versions are suspended one null version is left of what is put and deleted at once',
  async (t) => {
    const racing = await startRace(t, (kept) => kept.container({ 'x-versions-enabled': 'suspended' }))
    const names = Array.from({ length: RACERS }, (_, at) => `o${at}`)
    const options = { nullVersion: 'replaced' } as const
    const settled = await Promise.all(
      names.map(async (name) => {
        const outcomes = await Promise.all([
          racing.kept.put(name, 'first', undefined, options),
          racing.other.delete(name, undefined, options),
          racing.other.put(name, 'second', undefined, options),
          racing.kept.delete(name, undefined, options),
        ])
        return outcomes.every(({ kind }) => SETTLED.has(kind)) ? [name] : []
      }),
    )
    const rows = await racing.kept.rows(CONTAINER, { versions: { nullVersions: 'told' } })
    for (const name of settled.flat()) {
      const nulls = rows.filter((row) => row.name === name)
      t.equal(nulls.length, 1, name)
      const isMarker = nulls[0]?.contentType.startsWith('application/x-deleted') === true
      t.match(await racing.kept.text(name), isMarker ? /^<no_such_object>$/ : /^(first|second)$/, name)
    }
  },
)

/** Versions `one` to `fourth` and a marker over them; their ids, newest first, the marker's at the front. */
async function markedVersions(racing: Racing): Promise<readonly string[]> {
  return (await racing.kept.versions()).map(idOf)
}

const DELETE_TRIES = 20

/** A delete that could not be made for what others write may be tried again. */
async function deleteVersion(kept: Kept, id: string | undefined): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const { kind } = await kept.delete('o', id, { successor: 'newest' })
    const isOver = kind !== 'undecided' && kind !== 'unavailable'
    if (isOver || tries === DELETE_TRIES) return kind
  }
}

const DELETED_AT_ONCE = [
  { name: 'all versions', goes: [0, 1, 2, 3, 4], left: '<no_such_object>' },
  { name: 'all but the oldest, the marker too', goes: [0, 1, 2, 3], left: 'one' },
  { name: 'the marker and what is below it', goes: [0, 1], left: 'third' },
  { name: 'the versions below a marker', goes: [1, 2, 3, 4], left: '<no_such_object>' },
]

for (const { name, goes, left } of DELETED_AT_ONCE) {
  await t.test(
    `deleted at once through two proxies, ${name} go and the newest of the rest is there`,
    async (t) => {
      const racing = await startRace(t, async (kept) => {
        await kept.container({ 'x-versions-enabled': 'true' })
        for (const body of ['one', 'second', 'third', 'fourth']) await kept.put('o', body)
        await kept.delete('o')
      })
      const ids = await markedVersions(racing)
      const kinds = await Promise.all(
        goes.map((at) => deleteVersion(at % 2 === 0 ? racing.kept : racing.other, ids[at])),
      )
      // Tried again, a delete may find that it was made the first time.
      t.same(
        kinds.filter((kind) => kind !== 'deleted' && kind !== 'no_such_object'),
        [],
      )
      t.equal(await racing.kept.text('o'), left)
      const rows = await racing.kept.versions()
      t.same(
        rows.map(idOf),
        ids.filter((_, at) => !goes.includes(at)),
        'the others are listed, and nothing else',
      )
    },
  )
}
