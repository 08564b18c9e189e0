/**
 * Goal: a proxy that dies while it makes images of the disks of an OVA leaves the OVA, and disks that are whole or without data.
 * Method: it is cut off before every one of its steps, another proxy sweeps a month later, and looks.
 */
import t from 'tap'
import { makeDisks } from '#images/import/ova-disks.ts'
import { createImage, uploadBytes } from '#images/testing/test-images.ts'
import { descriptor, ova, vdi } from './ova-files.ts'
import { CONTEXT, namedKeys, startScene, storedKeys, sweepLater, untilDeath } from './survivors.ts'

t.setTimeout(600_000)

const STEPS_MAX = 80
const DISKS = { 'one.vdi': vdi(), 'two.vdi': vdi() }

void t.test('whatever step a proxy dies at, there are whole images, and bytes of nothing else', async (t) => {
  const scene = await startScene(t)
  const { cluster, ask, images } = scene
  const archive = await ova(descriptor(Object.keys(DISKS)), DISKS)
  const id = await createImage(ask, { disk_format: 'vmdk', container_format: 'ova' })
  t.equal((await uploadBytes(ask, id, archive)).status, 204)
  const record = await images.registry.records.find(CONTEXT, id)
  if (record === undefined || !('locations' in record)) throw new Error('no record')
  let step = 1
  for (; step <= STEPS_MAX; step += 1) {
    const status = await untilDeath(cluster, step, async (_ask, { registry }) => {
      const { ids, refusal } = await makeDisks(registry, CONTEXT, record)
      return { status: refusal?.status ?? (ids.length === 2 ? 200 : 500) }
    })
    const survivor = await sweepLater(scene)
    t.same(
      await storedKeys(survivor),
      await namedKeys(survivor),
      `step ${step}: only what is named is stored`,
    )
    const all = await survivor.registry.records.all(CONTEXT)
    for (const { id: imageId, status: state, properties } of all as Iterable<typeof record>) {
      if (imageId === id || state === 'deleted') continue
      t.match(state, /^(active|queued)$/)
      const { bytes } = await ask('GET', `/v2/images/${imageId}/file`)
      const wanted = DISKS[properties['ovf_disk_file'] as keyof typeof DISKS]
      t.ok(state !== 'active' || bytes.equals(wanted), 'what is active is whole')
      t.equal((await ask('DELETE', `/v2/images/${imageId}`)).status, 204)
    }
    if (status === 200) break
  }
  t.ok(step < STEPS_MAX, `it takes ${step} steps`)
  t.ok((await ask('GET', `/v2/images/${id}/file`)).bytes.equals(archive))
})
