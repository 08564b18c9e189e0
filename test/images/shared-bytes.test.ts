/**
 * Goal: an image that became an object shares its bytes, and neither loses them when the other goes. Method: the store with
 * all its layers over a cluster in memory; then every operation is cut off before every one of its steps, another proxy
 * sweeps a month later, and looks.
 */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { type AskImages, createImage, PEOPLE, streamed, uploadBytes } from '#images/testing/test-images.ts'
import { copiedMetadata } from '#store/copy/copied-metadata.ts'
import { writeCopy } from '#store/copy/copy-object.ts'
import { openCopySource } from '#store/copy/copy-source.ts'
import { CONTAINER, get, named, put } from '#test/cluster/actions.ts'
import {
  BYTES,
  CHUNKS,
  namedKeys,
  type Scene,
  startScene,
  storedKeys,
  sweepLater,
  untilDeath,
} from './survivors.ts'

t.setTimeout(600_000)

const MD5 = createHash('md5').update(BYTES).digest('hex')
const URL_OF = 'swift://AUTH_test/c/disk'
const STEPS_MAX = 40

async function uploaded({ ask }: Pick<Scene, 'ask'>): Promise<string> {
  const id = await createImage(ask)
  await uploadBytes(ask, id, streamed(CHUNKS))
  return id
}

function exporting(ask: AskImages, id: string, more: object = {}): ReturnType<AskImages> {
  return ask('POST', `/v2/images/${id}/objects`, { body: { url: URL_OF, ...more } })
}

void t.test('an image becomes an object without a copy, and reads like any other', async (t) => {
  const scene = await startScene(t)
  const { ask, images, store } = scene
  const id = await uploaded(scene)
  const before = await storedKeys(images)
  const made = await exporting(ask, id)
  t.equal(made.status, 201)
  t.match(made.json, { url: URL_OF, etag: MD5, size: BYTES.length })
  t.same(await storedKeys(images), before, 'nothing was stored')
  const whole = await get(scene, 'disk')
  t.ok(whole.bytes.equals(BYTES))
  t.match(whole.headers, { etag: `"${MD5}"`, 'content-type': 'application/octet-stream' })
  t.equal(whole.headers['content-length'], String(BYTES.length))
  const range = await get(scene, 'disk', { conditions: { range: 'bytes=49990-60009' } })
  t.ok(range.bytes.equals(BYTES.subarray(49_990, 60_010)))
  const several = await get(scene, 'disk', { conditions: { range: 'bytes=0-9,100000-100009' } })
  t.ok(several.bytes.includes(BYTES.subarray(100_000, 100_010)))
  t.equal((await get(scene, 'disk', { conditions: { 'if-none-match': `"${MD5}"` } })).kind, 'not_modified')
  t.equal((await get(scene, 'disk', { conditions: { 'if-match': '"other"' } })).kind, 'precondition_failed')
  const listing = { limit: 10, reverse: false }
  const listed = await store.containers.read(scene.context, CONTAINER, { listing })
  t.match(listed.kind === 'found' && listed.page?.entries(), [
    { name: 'disk', sizeBytes: BYTES.length, etag: MD5 },
  ])
  t.match((await ask('GET', `/v2/images/${id}/objects`)).json, { objects: [{ url: URL_OF, state: 'made' }] })
})

void t.test('who may not read the image, or owns no account, gets no object', async (t) => {
  const scene = await startScene(t)
  const id = await uploaded(scene)
  const [other, reader] = [scene.images.as(PEOPLE.tester2), scene.images.as(PEOPLE.reader)]
  t.equal((await exporting(other, id)).status, 404)
  t.equal((await exporting(reader, id)).status, 403)
  await scene.ask('PATCH', `/v2/images/${id}`, {
    body: [{ op: 'replace', path: '/visibility', value: 'community' }],
    headers: { 'Content-Type': 'application/openstack-images-v2.1-json-patch' },
  })
  t.equal((await exporting(other, id)).status, 403, 'the account is not theirs')
  t.equal((await exporting(scene.ask, id, { url: 'swift://AUTH_test/none/o' })).status, 404)
  t.equal((await exporting(scene.ask, id, { url: 'http://example/o' })).status, 403)
  t.equal((await exporting(scene.ask, await createImage(scene.ask))).status, 409)
  await put(scene, 'disk', 'something')
  t.equal((await exporting(scene.ask, id)).status, 409)
  t.equal((await exporting(scene.ask, id, { overwrite: true })).status, 201)
  t.ok((await get(scene, 'disk')).bytes.equals(BYTES))
})

void t.test('the object keeps its bytes when the image goes, until it goes itself', async (t) => {
  const scene = await startScene(t)
  const id = await uploaded(scene)
  await exporting(scene.ask, id)
  t.equal((await scene.ask('DELETE', `/v2/images/${id}`)).status, 204)
  t.equal((await scene.ask('GET', `/v2/images/${id}`)).status, 404)
  await sweepLater(scene)
  t.ok((await get(scene, 'disk')).bytes.equals(BYTES))
  await scene.store.objects.delete(scene.context, named('disk'), {})
  const survivor = await sweepLater(scene)
  t.same(await storedKeys(survivor), new Set())
})

void t.test('the image keeps its bytes when the object goes, however it goes', async (t) => {
  const scene = await startScene(t)
  const id = await uploaded(scene)
  for (const go of [
    () => scene.store.objects.delete(scene.context, named('disk'), {}),
    () => put(scene, 'disk', 'other bytes'),
  ]) {
    t.equal((await exporting(scene.ask, id, { overwrite: true })).status, 201)
    await go()
    const survivor = await sweepLater(scene)
    t.same((await survivor.as(PEOPLE.tester)('GET', `/v2/images/${id}/objects`)).json, { objects: [] })
    t.ok((await scene.ask('GET', `/v2/images/${id}/file`)).bytes.equals(BYTES))
  }
})

void t.test('a copy of the object, and a version that is kept of it, have bytes of their own', async (t) => {
  const scene = await startScene(t)
  const { store, context } = scene
  const id = await uploaded(scene)
  await exporting(scene.ask, id)
  const source = await openCopySource(store, context, named('disk'), {
    read: { conditions: {} },
    limitBytes: 2 ** 30,
  })
  if (source.kind !== 'source') throw new Error(source.kind)
  const { contentType, headers } = source
  const given = {
    source: headers,
    given: {},
    metadata: 'of_source_and_request',
    bytes: source.bytes,
  } as const
  const described = {
    contentType,
    metadata: copiedMetadata(given),
    expectedEtag: undefined,
    limitBytes: 2 ** 30,
  }
  const copied = await writeCopy(store, context, named('copy'), { source, put: described })
  t.match(copied, { kind: 'created', etag: MD5 })
  await store.containers.post(context, CONTAINER, { 'x-versions-enabled': 'true' })
  t.match(await put(scene, 'disk', 'the next version'), { kind: 'created' })
  t.equal(
    (await exporting(scene.ask, id, { url: 'swift://AUTH_test/c/more' })).status,
    400,
    'not shared where versions are kept',
  )
  await scene.ask('DELETE', `/v2/images/${id}`)
  t.same(await storedKeys(await sweepLater(scene)), new Set())
  t.ok((await get(scene, 'copy')).bytes.equals(BYTES))
  t.ok((await get(scene, 'disk', { versionId: 'null', nullVersion: 'kept_too' })).bytes.equals(BYTES))
})

interface Operation {
  readonly name: string
  readonly isExported: boolean
  readonly run: (ask: AskImages, id: string) => Promise<{ readonly status: number }>
}

const OPERATIONS: readonly Operation[] = [
  { name: 'export', isExported: false, run: (ask, id) => exporting(ask, id, { overwrite: true }) },
  {
    name: 'export over another',
    isExported: true,
    run: (ask, id) => exporting(ask, id, { overwrite: true }),
  },
  { name: 'delete of the image', isExported: true, run: (ask, id) => ask('DELETE', `/v2/images/${id}`) },
]

void t.test(
  'whatever step a proxy dies at, what is there has its bytes, and nothing else is kept',
  async (t) => {
    const scene = await startScene(t)
    const { cluster } = scene
    for (const operation of OPERATIONS) {
      await t.test(operation.name, async (t) => {
        let step = 1
        for (; step <= STEPS_MAX; step += 1) {
          const id = await uploaded(scene)
          if (operation.isExported) await exporting(scene.ask, id, { overwrite: true })
          const status = await untilDeath(cluster, step, (ask) => operation.run(ask, id))
          await look(t, scene, id)
          await scene.store.objects.delete(scene.context, named('disk'), {})
          await scene.ask('DELETE', `/v2/images/${id}`)
          t.same(await storedKeys(await sweepLater(scene)), new Set(), 'nothing is left in the end')
          if (status !== undefined && status < 300) break
        }
        t.ok(step < STEPS_MAX, `it takes ${step} steps`)
      })
    }
  },
)

async function look(t: Test, scene: Scene, id: string): Promise<void> {
  const survivor = await sweepLater(scene)
  const object = await get(scene, 'disk')
  t.ok(object.kind === 'no_such_object' || object.bytes.equals(BYTES), `the object is ${object.kind}`)
  const shown = await survivor.as(PEOPLE.tester)('GET', `/v2/images/${id}`)
  if (shown.status === 200) {
    t.equal(shown.json['status'], 'active')
    t.ok((await survivor.as(PEOPLE.tester)('GET', `/v2/images/${id}/file`)).bytes.equals(BYTES))
  }
  t.same(await storedKeys(survivor), await namedKeys(survivor), 'only what is named is stored')
}
