/** An OVA is one image that shows its machine; with one option its disks become images, too. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { type AskImages, createImage, PEOPLE, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { importing } from './importing.ts'
import { descriptor, ova, vdi } from './ova-files.ts'

const OCTETS = { 'Content-Type': 'application/octet-stream' }
const VDI = vdi()
const SECOND = randomBytes(30_000)

interface Outcome {
  readonly image: Record<string, unknown>
  readonly task: Record<string, unknown>
}

async function imported(ask: AskImages, bytes: Buffer): Promise<Outcome> {
  const id = await createImage(ask, { name: 'web', disk_format: 'vmdk', container_format: 'ova' })
  t.equal((await ask('PUT', `/v2/images/${id}/stage`, { body: bytes, headers: OCTETS })).status, 204)
  await importing(ask, id, { name: 'glance-direct' }, { extract_disks: true })
  for (let tries = 0; tries < 2000; tries += 1) {
    const { json } = await ask('GET', `/v2/images/${id}/tasks`)
    const [task] = json['tasks'] as Record<string, unknown>[]
    if (task?.['status'] === 'success' || task?.['status'] === 'failure') {
      return { image: (await ask('GET', `/v2/images/${id}`)).json, task }
    }
    await realClock.sleep(5)
  }
  throw new Error('the import did not end')
}

const ask = testImages({ store: new MemoryStore({ clock: realClock }) }).as(PEOPLE.tester)

void t.test('the disks of an OVA become images, in the formats that they are', async (t) => {
  const disks = { 'one.vdi': VDI, 'two.img.gz': gzipSync(SECOND) }
  const { image, task } = await imported(ask, await ova(descriptor(Object.keys(disks)), disks))
  t.match(image, { status: 'active', container_format: 'ova', ovf_disks: '2', ovf_memory_mb: '2048' })
  const { disk_images: ids } = task['result'] as { disk_images: string[] }
  t.equal(ids.length, 2)
  const shown = await Promise.all(ids.map(async (id) => (await ask('GET', `/v2/images/${id}`)).json))
  const common = { status: 'active', container_format: 'bare', owner: 'test', ovf_image: image['id'] }
  t.match(shown, [
    { ...common, name: 'web disk 1', disk_format: 'vdi', virtual_size: 1_048_576, ovf_disk_file: 'one.vdi' },
    { ...common, name: 'web disk 2', disk_format: 'raw', size: SECOND.length },
  ])
  t.ok((await ask('GET', `/v2/images/${ids[0]}/file`)).bytes.equals(VDI))
  t.ok((await ask('GET', `/v2/images/${ids[1]}/file`)).bytes.equals(SECOND))
})

void t.test(
  'a descriptor that names what is not there makes no images of it, and the OVA stays',
  async (t) => {
    const one = { 'one.vdi': VDI }
    for (const names of [[], ['one.vdi', '../../etc/passwd']]) {
      const { image, task } = await imported(ask, await ova(descriptor(names), one))
      t.equal(image['status'], 'active')
      t.match(task, { result: { disk_images: [] }, message: /not all disks became images/ })
    }
    const dangerous = Buffer.from(VDI)
    dangerous.write('QFI\xfb', 0, 'latin1')
    const { task } = await imported(ask, await ova(descriptor(['d']), { d: dangerous }))
    t.match(task, { result: { disk_images: [] } }, 'a disk is inspected like any other')
  },
)

void t.test('memory is told in mebibytes, whatever the descriptor has it in', async (t) => {
  const quantity = '<rasd:VirtualQuantity>4</rasd:VirtualQuantity>'
  for (const [units, told] of [
    ['byte * 2^30', '4096'],
    ['GigaBytes', '4096'],
    ['MegaBytes', '4'],
    ['parsecs', undefined],
  ] as const) {
    const described = `<rasd:AllocationUnits>${units}</rasd:AllocationUnits>${quantity}`
    const { image } = await imported(ask, await ova(descriptor([], described), {}))
    t.equal(image['ovf_memory_mb'], told, units)
  }
})
