/**
 * Goal: an object that became an image stays for as long as the image needs it, through every door, and not longer. Method:
 * the store with all its layers over a cluster in memory; then making the image, and deleting it, are cut off before every one
 * of their steps, another proxy sweeps a month later, and looks.
 */
import t from 'tap'
import { type AskImages, createImage } from '#images/testing/test-images.ts'
import { storeError } from '#proxy/s3/store-errors.ts'
import { failureAnswer } from '#proxy/swift/failure-answers.ts'
import type { SegmentWanted } from '#store/contract.ts'
import { CONTAINER, get, named, put } from '#test/cluster/actions.ts'
import { BYTES, type Scene, startScene, sweepLater, untilDeath } from './survivors.ts'

t.setTimeout(600_000)

const STEPS_MAX = 40

/** Makes an image of an object, and waits until it is decided. */
async function adopt(ask: AskImages, id: string, object = 'disk'): Promise<{ readonly status: number }> {
  const asked = await ask('POST', `/v2/images/${id}/locations`, {
    body: { url: `swift://AUTH_test/c/${object}` },
  })
  for (let tries = 0; asked.status === 202 && tries < 200; tries += 1) {
    const shown = await ask('GET', `/v2/images/${id}`)
    if (shown.json['status'] !== 'saving') return { status: shown.json['status'] === 'active' ? 200 : 500 }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return asked
}

function remove(
  { store, context }: Scene,
  object: string,
  more: object = {},
): Promise<{ readonly kind: string }> {
  return store.objects.delete(context, named(object), more)
}

async function bytesOf({ ask }: Scene, id: string): Promise<Buffer> {
  return (await ask('GET', `/v2/images/${id}/file`)).bytes
}

void t.test(
  'an object that is an image is neither deleted nor overwritten until the image goes',
  async (t) => {
    const scene = await startScene(t)
    await put(scene, 'disk', BYTES)
    const id = await createImage(scene.ask)
    t.equal((await adopt(scene.ask, id)).status, 200)
    t.equal((await remove(scene, 'disk')).kind, 'in_use')
    t.equal((await put(scene, 'disk', 'other')).kind, 'in_use')
    const expiring = { metadata: { 'x-delete-at': '4000000000' }, contentType: undefined }
    t.equal((await scene.store.objects.post(scene.context, named('disk'), expiring)).kind, 'in_use')
    await put(scene, 'another', 'is not held')
    t.equal((await remove(scene, 'another')).kind, 'deleted')
    await sweepLater(scene)
    t.equal((await remove(scene, 'disk')).kind, 'in_use', 'after a sweep, too')
    t.ok((await bytesOf(scene, id)).equals(BYTES))
    t.equal((await scene.ask('DELETE', `/v2/images/${id}`)).status, 204)
    t.ok((await get(scene, 'disk')).bytes.equals(BYTES), 'the object stays')
    t.equal((await remove(scene, 'disk')).kind, 'deleted')
  },
)

void t.test('every door says why', async (t) => {
  t.match(failureAnswer({ kind: 'in_use' }), { status: 409 })
  t.match(storeError({ kind: 'in_use' }), { code: 'AccessDenied', message: /image/ })
})

void t.test('what a large object is made of is held with it', async (t) => {
  const scene = await startScene(t)
  const { store, context } = scene
  const segments: SegmentWanted[] = []
  for (const [at, name] of ['s1', 's2'].entries()) {
    await put(scene, name, BYTES.subarray(at * 60_000, (at + 1) * 60_000))
    segments.push({
      kind: 'object',
      path: `/c/${name}`,
      etag: undefined,
      sizeBytes: undefined,
      range: undefined,
    })
  }
  t.equal((await put(scene, 'disk', '', { segments })).kind, 'created')
  const id = await createImage(scene.ask)
  t.equal((await adopt(scene.ask, id)).status, 200)
  t.equal((await remove(scene, 's1')).kind, 'in_use')
  t.equal((await remove(scene, 'disk', { segments: 'now' })).kind, 'segments_kept')
  t.equal((await put(scene, 'another', '', { segments })).kind, 'created')
  await remove(scene, 'another', { segments: 'now' })
  t.equal(
    (await remove(scene, 'another', { segments: 'later' })).kind,
    'in_use',
    'nor by another large object',
  )
  const judged = ['s1', 'disk', 'another'].map((object) => ({ name: named(object) }))
  const free = await scene.holds.notHeld(context, judged)
  t.same(free, [{ name: named('another') }], 'nor by a rule of the bucket')
  t.ok((await bytesOf(scene, id)).equals(BYTES))
  await scene.ask('DELETE', `/v2/images/${id}`)
  t.equal((await store.objects.delete(context, named('disk'), { segments: 'now' })).kind, 'deleted')
  t.equal((await get(scene, 's1')).kind, 'no_such_object')
})

void t.test('where versions are kept, only the version is held', async (t) => {
  const scene = await startScene(t)
  await scene.store.containers.post(scene.context, CONTAINER, { 'x-versions-enabled': 'true' })
  const first = await put(scene, 'disk', BYTES)
  const versionId = first.kind === 'created' ? first.versionId : undefined
  const id = await createImage(scene.ask)
  t.equal((await adopt(scene.ask, id)).status, 200)
  t.equal((await put(scene, 'disk', 'the next')).kind, 'created')
  t.equal((await remove(scene, 'disk')).kind, 'deleted')
  t.equal((await remove(scene, 'disk', { versionId })).kind, 'in_use')
  t.ok((await bytesOf(scene, id)).equals(BYTES))
  await scene.ask('DELETE', `/v2/images/${id}`)
  t.equal((await remove(scene, 'disk', { versionId })).kind, 'deleted')
})

void t.test('what cannot be relied on becomes no image', async (t) => {
  const scene = await startScene(t)
  const id = await createImage(scene.ask)
  t.equal((await adopt(scene.ask, id, 'none')).status, 400)
  await put(scene, 'ending', BYTES, { metadata: { 'x-delete-at': '4000000000' } })
  t.equal((await adopt(scene.ask, id, 'ending')).status, 400)
  await put(scene, 'dynamic', '', { metadata: { 'x-object-manifest': 'c/s' } })
  t.equal((await adopt(scene.ask, id, 'dynamic')).status, 400)
  const other = await createImage(scene.ask, { disk_format: 'qcow2' })
  await put(scene, 'disk', BYTES)
  t.equal((await adopt(scene.ask, other)).status, 500)
  t.equal((await remove(scene, 'disk')).kind, 'deleted', 'of another format than was said: it is let go of')
})

void t.test(
  'whatever step a proxy dies at, an active image has its object, and nothing is held in vain',
  async (t) => {
    const scene = await startScene(t)
    const { cluster, ask } = scene
    for (const what of ['adopt', 'delete'] as const) {
      await t.test(what, async (t) => {
        let step = 1
        for (; step <= STEPS_MAX; step += 1) {
          await put(scene, 'disk', BYTES)
          const id = await createImage(ask)
          if (what === 'delete') await adopt(ask, id)
          const status = await untilDeath(cluster, step, (dying) =>
            what === 'adopt' ? adopt(dying, id) : dying('DELETE', `/v2/images/${id}`),
          )
          await sweepLater(scene)
          const shown = await ask('GET', `/v2/images/${id}`)
          const isActive = shown.status === 200 && shown.json['status'] === 'active'
          t.ok(isActive || shown.status === 404 || shown.json['status'] === 'queued')
          t.equal((await remove(scene, 'disk')).kind, isActive ? 'in_use' : 'deleted', `step ${step}`)
          if (isActive) t.ok((await bytesOf(scene, id)).equals(BYTES))
          await ask('DELETE', `/v2/images/${id}`)
          await sweepLater(scene)
          t.match((await remove(scene, 'disk')).kind, /deleted|no_such_object/)
          if (status !== undefined && status < 300) break
        }
        t.ok(step < STEPS_MAX, `it takes ${step} steps`)
      })
    }
  },
)
