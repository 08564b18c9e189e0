/** Multipart uploads over a cluster in memory: what is stored, what is read, and that nothing is left over. */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { CONTAINER, named } from './actions.ts'
import { pass } from './expirers.ts'
import { idOf, Kept } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'
import { PARTS, Uploads } from './uploads.ts'

async function start(
  t: Test,
  changes: Readonly<Record<string, string>> = {},
): Promise<[MemoryCluster, Uploads]> {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  t.teardown(() => cluster.close())
  const uploads = new Uploads(cluster)
  await uploads.bucket(changes)
  return [cluster, uploads]
}

await t.test('parts make one object, whatever order they came in', async (t) => {
  const [cluster, uploads] = await start(t)
  const id = await uploads.begin('dir/key')
  const second = await uploads.part('dir/key', id, 2, 'world')
  const outdated = await uploads.part('dir/key', id, 1, 'goodbye ')
  const first = await uploads.part('dir/key', id, 1, 'hello ')
  const unnamed = await uploads.part('dir/key', id, 3, '!')
  t.same(await uploads.open(), ['dir/key'])
  t.equal(await uploads.text('dir/key'), '<no_such_object>', 'nothing is there before it is complete')

  t.match(await uploads.complete('dir/key', id, [first, { ...unnamed, number: 2 }]), {
    kind: 'invalid_part',
    part: { number: 2 },
  })
  t.match(await uploads.complete('dir/key', id, [outdated]), { kind: 'invalid_part' })
  t.match(await uploads.complete('dir/key', id, [first, second], { partBytesMin: 7 }), {
    kind: 'part_too_small',
    part: { number: 1, sizeBytes: 6 },
  })
  const completed = await uploads.complete('dir/key', id, [first, second])
  t.match(completed, { kind: 'completed', sizeBytes: 11, etag: /^[0-9a-f]{32}-2$/ })
  t.equal(await uploads.text('dir/key'), 'hello world')
  t.same(
    await uploads.complete('dir/key', id, [first, second]).then(({ kind }) => kind),
    'completed',
    'again',
  )
  t.equal((await uploads.complete('dir/key', id, [first])).kind, 'no_such_upload', 'with other parts')
  t.same(await uploads.open(), [])
  t.match(await uploads.tryPart('dir/key', id, 4, 'late'), { kind: 'no_such_upload' })

  const read = await uploads.store.objects.read(cluster.context, named('dir/key'), {
    method: 'HEAD',
    conditions: {},
    newest: false,
  })
  t.match('headers' in read && read.headers, { 'content-type': 'text/plain', 'x-object-meta-colour': 'blue' })

  t.equal((await uploads.stored()).length, 4)
  await pass(cluster)
  t.equal((await uploads.stored()).length, 2, 'what was not named goes')
  t.equal(await uploads.text('dir/key'), 'hello world')
})

await t.test('an upload that is aborted leaves nothing behind', async (t) => {
  const [cluster, uploads] = await start(t)
  const id = await uploads.begin('key')
  await uploads.part('key', id, 1, 'one')
  t.equal((await uploads.abort('key', id)).kind, 'aborted')
  t.equal((await uploads.abort('key', id)).kind, 'no_such_upload')
  t.match(await uploads.tryPart('key', id, 2, 'late'), { kind: 'no_such_upload' })
  await pass(cluster)
  t.same(await uploads.stored(), [])
})

const REPLACED: readonly (readonly [string, (uploads: Uploads) => Promise<unknown>])[] = [
  ['overwritten', (uploads) => uploads.put('key', 'plain')],
  ['deleted', (uploads) => uploads.delete('key')],
  ['overwritten by another upload', (uploads) => uploads.made('key', ['x'])],
]

for (const [what, replace] of REPLACED) {
  await t.test(`an object made of parts that is ${what} takes them with it`, async (t) => {
    const [cluster, uploads] = await start(t)
    await uploads.made('key', ['one', 'two'])
    await uploads.made('key2', ['other'])
    await pass(cluster)
    await replace(uploads)
    await pass(cluster)
    const left = (await uploads.stored()).map((name) => name.split('/')[0])
    t.same(left, what === 'overwritten by another upload' ? ['key', 'key2'] : ['key2'])
    t.equal(await uploads.text('key2'), 'other')
  })
}

await t.test('parts go with the version that they make, and not before', async (t) => {
  const [cluster, uploads] = await start(t, { 'x-versions-enabled': 'true' })
  const kept = new Kept(cluster, uploads.store)
  await uploads.made('o', ['one', 'two'])
  await uploads.made('o', ['three'])
  await uploads.put('o', 'plain')
  await uploads.delete('o')
  await pass(cluster)
  t.same(await kept.versionTexts('o'), ['<no_such_object>', 'plain', 'three', 'onetwo'])
  const rows = await kept.versions()
  await uploads.delete('o', rows.map(idOf).at(3))
  await pass(cluster)
  t.same(await kept.versionTexts('o'), ['<no_such_object>', 'plain', 'three'])
  t.equal((await uploads.stored()).length, 1)
})

await t.test('an object made of parts becomes a version with its parts when it is overwritten', async (t) => {
  const [cluster, uploads] = await start(t)
  const kept = new Kept(cluster, uploads.store)
  await uploads.made('o', ['one', 'two'])
  await uploads.bucket({ 'x-versions-enabled': 'true' })
  await uploads.put('o', 'plain')
  await pass(cluster)
  t.same(await kept.versionTexts('o'), ['plain', 'onetwo'])
})

await t.test('a condition is judged when the upload is completed, and may be tried again', async (t) => {
  const [, uploads] = await start(t)
  await uploads.put('key', 'there')
  const id = await uploads.begin('key')
  const part = await uploads.part('key', id, 1, 'one')
  const condition = { kind: 'absent' } as const
  t.equal((await uploads.complete('key', id, [part], { condition })).kind, 'precondition_failed')
  t.equal(await uploads.text('key'), 'there')
  await uploads.delete('key')
  t.equal((await uploads.complete('key', id, [part], { condition })).kind, 'completed')
  t.equal(await uploads.text('key'), 'one')
})

await t.test('of many that complete one upload at once, all are told the same', async (t) => {
  const [cluster, uploads] = await start(t)
  const others = [2, 3, 4].map((seed) => new Uploads(cluster, { seed }))
  const id = await uploads.begin('key')
  const part = await uploads.part('key', id, 1, 'one')
  const outcomes = await Promise.all([uploads, ...others].map((one) => one.complete('key', id, [part])))
  t.same(
    outcomes.map(({ kind }) => kind),
    ['completed', 'completed', 'completed', 'completed'],
  )
  await pass(cluster)
  t.equal(await uploads.text('key'), 'one')
})

await t.test('of a completion and an abort at once, one wins', async (t) => {
  const [cluster, uploads] = await start(t)
  for (let round = 0; round < 5; round += 1) {
    const key = `key${round}`
    const id = await uploads.begin(key)
    const part = await uploads.part(key, id, 1, 'one')
    const other = new Uploads(cluster, { seed: 9 })
    const [completed, aborted] = await Promise.all([uploads.complete(key, id, [part]), other.abort(key, id)])
    await pass(cluster)
    const text = await uploads.text(key)
    t.equal(
      text,
      completed.kind === 'completed' ? 'one' : '<no_such_object>',
      `${completed.kind} ${aborted.kind}`,
    )
    if (completed.kind !== 'completed') t.equal(aborted.kind, 'aborted')
  }
})

await t.test('uploads are listed by key and by time, page by page', async (t) => {
  const [cluster, uploads] = await start(t)
  const ids = [
    ['b', await uploads.begin('b')],
    ['a/1', await uploads.begin('a/1', 'of me')],
    ['a/2', await uploads.begin('a/2')],
    ['b', await uploads.begin('b')],
    ['c', await uploads.begin('c')],
  ] as const
  const list = async (query: object): Promise<readonly string[]> => {
    const listed = await uploads.uploads.list(cluster.context, CONTAINER, {
      prefix: '',
      limit: 1000,
      ...query,
    })
    if (listed.kind !== 'uploads') throw new Error(listed.kind)
    const told = listed.entries.map((entry) =>
      entry.kind === 'prefix'
        ? entry.prefix
        : `${entry.key} ${ids.findIndex(([, id]) => id === entry.uploadId)}`,
    )
    return listed.isTruncated ? [...told, '…'] : told
  }
  t.same(await list({}), ['a/1 1', 'a/2 2', 'b 0', 'b 3', 'c 4'])
  t.same(await list({ limit: 2 }), ['a/1 1', 'a/2 2', '…'])
  t.same(await list({ keyMarker: 'b' }), ['c 4'])
  t.same(await list({ keyMarker: 'b', uploadIdMarker: ids[0][1] }), ['b 3', 'c 4'])
  t.same(await list({ prefix: 'a/' }), ['a/1 1', 'a/2 2'])
  t.same(await list({ delimiter: '/' }), ['a/', 'b 0', 'b 3', 'c 4'])
  t.same(await list({ delimiter: '/', limit: 1 }), ['a/', '…'])
  t.same(await list({ delimiter: '/', keyMarker: 'a/' }), ['b 0', 'b 3', 'c 4'])
  const [entry] = await uploads.uploads
    .list(cluster.context, CONTAINER, { prefix: 'a/1', limit: 1 })
    .then((listed) => (listed.kind === 'uploads' ? listed.entries : []))
  t.match(entry, { summary: 'of me' })
})

await t.test('a key of 1,024 bytes can be uploaded in parts', async (t) => {
  const [, uploads] = await start(t)
  const key = 'k'.repeat(1024)
  await uploads.made(key, ['one', 'two'])
  t.equal(await uploads.text(key), 'onetwo')
})

await t.test('with a bucket go its uploads, and what is left of the parts', async (t) => {
  const [cluster, uploads] = await start(t)
  const kept = new Kept(cluster, uploads.store)
  const id = await uploads.begin('key')
  await uploads.part('key', id, 1, 'one')
  await uploads.made('other', ['two'])
  await uploads.delete('other')
  t.equal(await kept.deleteContainer(), 'deleted')
  t.equal(await kept.deleteContainer(), 'no_such_container')
  const clock = { ...realClock, wallMs: () => realClock.wallMs() + 120_000 }
  await pass(cluster, cluster.devices, { clock })
  t.same(await uploads.stored(), [])
  for (const container of [PARTS, { ...CONTAINER, container: `\0uploads\0${CONTAINER.container}` }]) {
    const read = await cluster.store.containers.read(cluster.context, container, { newest: true })
    t.equal(read.kind, 'no_such_container')
  }
  await uploads.bucket()
  t.same(await uploads.open(), [], 'a bucket of the same name knows nothing of them')
})

await t.test('the null version takes its parts with it where versions are suspended', async (t) => {
  const [cluster, uploads] = await start(t)
  await uploads.made('o', ['one', 'two'])
  await uploads.bucket({ 'x-versions-enabled': 'true' })
  await uploads.put('o', 'plain')
  await uploads.bucket({ 'x-versions-enabled': 'suspended' })
  await uploads.put('o', 'null', { nullVersion: 'replaced' })
  await pass(cluster)
  t.same(await uploads.stored(), [])
})
