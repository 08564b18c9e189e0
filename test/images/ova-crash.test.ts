/**
 * Goal: a proxy that dies while it makes images of the disks of an OVA leaves the OVA, and disks that are whole or without data.
 * Method: the import is cut off before every one of its steps, another proxy sweeps a month later, and looks.
 */
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { type AskImages, createImage } from '#images/testing/test-images.ts'
import { importing } from './importing.ts'
import { descriptor, ova, vdi } from './ova-files.ts'
import { namedKeys, type Scene, startScene, storedKeys, sweepLater, untilDeath } from './survivors.ts'

t.setTimeout(180_000)

/** Those before are steps of any import (`crash.test.ts`). */
const FIRST_STEP = 10
const STEPS_MAX = 80
const DISKS = { 'one.vdi': vdi() }
const OCTETS = { 'Content-Type': 'application/octet-stream' }

/** Until the import is over, or its process is dead. */
async function importWhole(
  { ask }: Scene,
  dying: AskImages,
  isDead: () => boolean,
  id: string,
): Promise<{ readonly status: number }> {
  const begun = await importing(dying, id, { name: 'glance-direct' }, { extract_disks: true })
  for (let tries = 0; begun.status === 202 && tries < 2000; tries += 1) {
    await realClock.sleep(2)
    const { json } = await ask('GET', `/v2/images/${id}/tasks`)
    const [task] = json['tasks'] as Record<string, unknown>[]
    if (task?.['status'] === 'success') return { status: 200 }
    if (isDead()) return { status: 500 }
  }
  return begun
}

void t.test('whatever step a proxy dies at, there are whole images, and bytes of nothing else', async (t) => {
  const scene = await startScene(t)
  const { cluster, ask } = scene
  const archive = await ova(descriptor(Object.keys(DISKS)), DISKS)
  let step = FIRST_STEP
  for (; step <= STEPS_MAX; step += 1) {
    const id = await createImage(ask, { disk_format: 'vmdk', container_format: 'ova' })
    await ask('PUT', `/v2/images/${id}/stage`, { body: archive, headers: OCTETS })
    const status = await untilDeath(cluster, step, (dying, isDead) => importWhole(scene, dying, isDead, id))
    const survivor = await sweepLater(scene)
    t.same(
      await storedKeys(survivor),
      await namedKeys(survivor),
      `step ${step}: only what is named is stored`,
    )
    const { json } = await ask('GET', '/v2/images')
    for (const image of json['images'] as Record<string, unknown>[]) {
      const imageId = String(image['id'])
      const wanted = imageId === id ? archive : DISKS[image['ovf_disk_file'] as keyof typeof DISKS]
      t.match(image['status'], /active|queued|uploading/)
      const { bytes } = await ask('GET', `/v2/images/${imageId}/file`)
      t.ok(image['status'] !== 'active' || bytes.equals(wanted), 'what is active is whole')
      t.equal((await ask('DELETE', `/v2/images/${imageId}`)).status, 204)
    }
    if (status === 200) break
  }
  t.ok(step < STEPS_MAX, `it takes ${step} steps`)
})
