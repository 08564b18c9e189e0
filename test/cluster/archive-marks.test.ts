/**
 * The mark of a deletion and the copy of a version that two proxies gave the same time have one name in the archive: neither may
 * take the copy with it.
 */
import t, { type Test } from 'tap'
import type { Timestamp } from '#base/timestamp.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import type { ObjectOperations } from '#store/contract.ts'
import { deleteWithMark } from '#store/versions/archived-delete.ts'
import { type ArchivedWrite, archivedName } from '#store/versions/archived-write.ts'
import { DELETE_MARKER_TYPE } from '#store/versions/version-names.ts'
import { CONTAINER, get, makeContainer, named, put } from './actions.ts'
import { ARCHIVE } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'

interface Scene {
  readonly cluster: MemoryCluster
  /** Its first mark gets this time. */
  readonly write: ArchivedWrite
  readonly time: Timestamp
  /** Puts what another proxy archives at this time. */
  readonly archive: (body: string) => Promise<unknown>
  readonly archived: () => Promise<string>
}

/** `onMark` is called when the first mark has been put. */
async function start(t: Test, onMark: (scene: Scene) => Promise<unknown> = async () => {}): Promise<Scene> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  for (const name of [CONTAINER, ARCHIVE]) await makeContainer(cluster, name)
  await put(cluster, 'o', 'there')
  const { objects } = cluster.store
  const time = await cluster.timestamps.next()
  const times = [time]
  const timestamps = {
    next: async () => times.shift() ?? (await cluster.timestamps.next()),
    observe: (seen: Timestamp) => cluster.timestamps.observe(seen),
  }
  let marks = 0
  const watched: ObjectOperations = {
    read: (...args) => objects.read(...args),
    post: (...args) => objects.post(...args),
    delete: (...args) => objects.delete(...args),
    put: async (...args) => {
      const outcome = await objects.put(...args)
      if (args[2].contentType === DELETE_MARKER_TYPE) marks += 1
      if (args[2].contentType === DELETE_MARKER_TYPE && marks === 1) await onMark(scene)
      return outcome
    },
  }
  const { context } = cluster
  const deps = { objects: watched, timestamps }
  const { containers } = cluster.store
  const write: ArchivedWrite = { deps, containers, context, name: named('o'), archive: ARCHIVE.container }
  const name = archivedName(write, time)
  const scene: Scene = {
    cluster,
    write,
    time,
    archive: (body) =>
      objects.put(context, name, {
        body: bufferBody(Buffer.from(body)),
        contentType: 'text/plain',
        expectedEtag: undefined,
        metadata: {},
        limitBytes: 100,
      }),
    archived: async () => {
      const read = await objects.read(context, name, { method: 'GET', conditions: {}, newest: true })
      return read.kind === 'found' ? String(await readWhole(read.body, 100)) : read.kind
    },
  }
  return scene
}

t.test('a mark does not take the place of a copy', async (t) => {
  const scene = await start(t)
  await scene.archive('copied by another proxy')
  t.match(await deleteWithMark(scene.write, {}), { kind: 'deleted' })
  t.equal(await scene.archived(), 'copied by another proxy')
  t.equal((await get(scene.cluster, 'o')).kind, 'no_such_object')
})

t.test('a copy that took the place of a mark does not go with it', async (t) => {
  const scene = await start(t, async ({ cluster, archive }) => {
    await put(cluster, 'o', 'written meanwhile')
    await archive('copied by another proxy')
  })
  t.match(await deleteWithMark(scene.write, {}), { kind: 'deleted' })
  t.equal(await scene.archived(), 'copied by another proxy')
})

t.test('a mark whose deletion came to nothing goes', async (t) => {
  const scene = await start(t, ({ cluster }) => put(cluster, 'o', 'written meanwhile'))
  t.match(await deleteWithMark(scene.write, {}), { kind: 'deleted' })
  t.equal(await scene.archived(), 'no_such_object')
})
