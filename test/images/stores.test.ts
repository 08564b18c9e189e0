/** Other places for bytes: a directory, an object that is there already; what an OVA says of itself; events. */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { bufferBody } from '#http/message.ts'
import { FileStore } from '#images/data/file-store.ts'
import { webhook } from '#images/events.ts'
import {
  type AskImages,
  createImage,
  PEOPLE,
  streamed,
  testImages,
  uploadBytes,
} from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'

async function settled(ask: AskImages, id: string): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { json } = await ask('GET', `/v2/images/${id}`)
    if (json['status'] === 'active' || json['status'] === 'queued') return json
    await realClock.sleep(2)
  }
  throw new Error('the image did not come to rest')
}

void t.test('a directory is a store', async (t) => {
  const disk = new MemoryDisk().remount()
  const archive = new FileStore(disk, 'archive', '/srv/images')
  const { as } = testImages({
    store: new MemoryStore({ clock: realClock }),
    deps: { otherStores: [archive] },
  })
  const ask = as(PEOPLE.tester)
  const id = await createImage(ask)
  const chunks = [randomBytes(300_000), randomBytes(70_000)]
  const sent = await ask('PUT', `/v2/images/${id}/file`, {
    body: streamed(chunks),
    headers: { 'Content-Type': 'application/octet-stream', 'X-Image-Meta-Store': 'archive' },
  })
  t.equal(sent.status, 204)
  t.match((await ask('GET', `/v2/images/${id}`)).json, { status: 'active', stores: 'archive' })
  const whole = Buffer.concat(chunks)
  t.ok((await ask('GET', `/v2/images/${id}/file`)).bytes.equals(whole))
  const range = await ask('GET', `/v2/images/${id}/file`, { headers: { range: 'bytes=-9' } })
  t.ok(range.bytes.equals(whole.subarray(-9)))
  t.match((await ask('GET', '/v2/info/stores')).json['stores'], [
    { id: 'cluster', default: 'true' },
    { id: 'archive' },
  ])
  t.equal((await as(PEOPLE.admin)('GET', '/v2/info/stores/detail')).status, 200)
  t.equal((await ask('GET', '/v2/info/stores/detail')).status, 403)
  await ask('DELETE', `/v2/images/${id}`)
  t.same(await disk.readdir(`/srv/images/${id}`), [])
})

void t.test('an object becomes an image without a copy', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const { as, registry } = testImages({ store })
  const context = { txId: 'tx', signal: undefined, log: registry.log }
  const name = { account: 'AUTH_test', container: 'c', object: 'a disk' }
  const put = async (bytes: Buffer): Promise<void> => {
    const object = { body: bufferBody(bytes), contentType: 'x/y', expectedEtag: undefined, metadata: {} }
    await store.objects.put(context, name, { ...object, limitBytes: 1_000_000 })
  }
  const container = { account: 'AUTH_test', container: 'c' }
  await store.containers.put(context, container, { changes: {}, policyIndex: undefined })
  const bytes = randomBytes(100_000)
  await put(bytes)
  const [ask, other] = [as(PEOPLE.tester), as(PEOPLE.tester2)]
  const id = await createImage(ask)
  const url = 'swift://AUTH_test/c/a%20disk'
  const locate = (who: AskImages, image: string, address: string): ReturnType<AskImages> =>
    who('POST', `/v2/images/${image}/locations`, { body: { url: address } })
  t.equal((await locate(ask, id, 'file:///etc/passwd')).status, 403)
  t.equal((await locate(ask, id, 'swift://AUTH_test2/c/o')).status, 403)
  t.equal((await locate(ask, id, 'swift://AUTH_test/c/none')).status, 400)
  t.equal((await locate(other, await createImage(other), url)).status, 403, 'it is not theirs')
  t.equal((await locate(ask, id, url)).status, 202)
  const sha512 = createHash('sha512').update(bytes).digest('hex')
  t.match(await settled(ask, id), { status: 'active', size: bytes.length, os_hash_value: sha512 })
  t.ok((await ask('GET', `/v2/images/${id}/file`)).bytes.equals(bytes))
  const part = await ask('GET', `/v2/images/${id}/file`, { headers: { range: 'bytes=5-9' } })
  t.ok(part.bytes.equals(bytes.subarray(5, 10)))
  t.match(
    (await as(PEOPLE.admin)('GET', `/v2/images/${id}/locations`)).bytes.toString(),
    /swift:\/\/AUTH_test/,
  )
  t.same(await registry.cluster.list(context, ''), [], 'no byte was copied')
  await put(randomBytes(100))
  t.equal((await ask('GET', `/v2/images/${id}/file`)).status, 204, 'another object is not the image')
  await ask('DELETE', `/v2/images/${id}`)
  const read = await store.objects.read(context, name, { method: 'HEAD', conditions: {}, newest: false })
  t.equal(read.kind, 'found', 'the object stays')
})

function ova(descriptor: string): Buffer {
  const header = Buffer.alloc(512)
  header.write('machine.ovf', 0, 'latin1')
  header.write(`${Buffer.byteLength(descriptor).toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write('ustar', 257, 'latin1')
  const body = Buffer.alloc(Math.ceil(descriptor.length / 512) * 512)
  body.write(descriptor)
  return Buffer.concat([header, body, Buffer.alloc(1024)])
}

const DESCRIPTOR = `<?xml version="1.0"?>
<Envelope xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:ovf="x">
 <DiskSection><Disk ovf:diskId="a"/><Disk ovf:diskId="b"/></DiskSection>
 <VirtualSystem ovf:id="vm"><Name>web server</Name><VirtualHardwareSection>
  <Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>4</rasd:VirtualQuantity></Item>
  <Item><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>2048</rasd:VirtualQuantity></Item>
 </VirtualHardwareSection></VirtualSystem>
</Envelope>`

void t.test('an OVA shows what is in it', async (t) => {
  const ask = testImages({ store: new MemoryStore({ clock: realClock }) }).as(PEOPLE.tester)
  const formats = { disk_format: 'vmdk', container_format: 'ova' }
  const id = await createImage(ask, { ...formats, ovf_name: 'mine' })
  t.equal((await uploadBytes(ask, id, ova(DESCRIPTOR))).status, 204)
  const shown = { ovf_name: 'mine', ovf_cpus: '4', ovf_memory_mb: '2048', ovf_disks: '2', status: 'active' }
  t.match((await ask('GET', `/v2/images/${id}`)).json, shown)
  const odd = await createImage(ask, formats)
  t.equal((await uploadBytes(ask, odd, ova('<!DOCTYPE x [<!ENTITY a "b">]><Envelope/>'))).status, 204)
  t.notOk('ovf_name' in (await ask('GET', `/v2/images/${odd}`)).json)
})

void t.test('what happens is posted to a webhook, and posted again when that fails', async (t) => {
  const heard: string[] = []
  let refused = 0
  const impatient = { ...realClock, sleep: async () => {} }
  const sink = webhook(
    async ({ body }) => {
      refused += 1
      const isFirst = refused === 1
      if (!isFirst) heard.push((JSON.parse(String(body)) as { event_type: string }).event_type)
      const nothing = { cancel: async () => {}, async *[Symbol.asyncIterator]() {} }
      return { status: isFirst ? 500 : 200, headers: {}, body: nothing }
    },
    impatient,
    'http://hook.example/',
  )
  const ask = testImages({ store: new MemoryStore({ clock: realClock }), deps: { events: sink } }).as(
    PEOPLE.tester,
  )
  const id = await createImage(ask)
  await uploadBytes(ask, id, Buffer.from('x'))
  await ask('DELETE', `/v2/images/${id}`)
  await realClock.sleep(20)
  t.same(new Set(heard), new Set(['image.create', 'image.activate', 'image.delete']))
})
