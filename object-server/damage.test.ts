/** Rotten bytes never leave: what does not match its checksum is out of service at once, and kept for whoever wants to look. */
import t from 'tap'
import { BLOCK_BYTES } from '#base/limits.ts'
import type { MemoryDisk } from '#disk/memory-disk.ts'
import { METADATA_XATTR } from './data-file.ts'
import { asNewerRecord } from './test-newer-format.ts'
import { at, put, send, startTestServer, type TestServer } from './test-server.ts'

function dataFile(disk: MemoryDisk, folder = 'objects'): string {
  const path = disk.files().find((file) => file.includes(`/${folder}/`) && file.endsWith('.data'))
  if (path === undefined) throw new Error('no data file')
  return path
}

/** The same device served by a new process, which remembers nothing. */
async function restarted(server: TestServer): Promise<TestServer> {
  await server.device.close()
  const { disk, kv, clock, containers } = server
  return await startTestServer({ disk, kv, clock, containers })
}

function quarantined(server: TestServer): readonly string[] {
  return server.disk.files().filter((path) => path.startsWith('/devices/sda/quarantined/objects/'))
}

await t.test('a damaged small object is 404, quarantined, and its silence proves nothing', async (t) => {
  const first = await startTestServer()
  await put(first, 1, 'precious')
  first.disk.flipBit(dataFile(first.disk), 3)
  const server = await restarted(first)
  t.equal((await send(server, 'HEAD')).status, 200, 'nobody has looked at the bytes yet')
  for (let again = 0; again < 2; again += 1) {
    const answer = await send(server, 'GET')
    t.equal(answer.status, 404)
    t.equal(answer.headers['x-backend-quarantined'], 'true')
    t.notOk('x-backend-timestamp' in answer.headers)
  }
  t.equal(quarantined(server).length, 1)
  t.equal((await send(server, 'HEAD')).status, 404)
  t.equal((await server.device.quarantinedFiles()).get(0), 1)
  t.equal(server.device.engine(0)?.digestBelow('').count, 0, 'replicas can see that it is missing')
  t.equal((await put(server, 1, 'precious')).status, 201, 'the same version can be brought back')
  t.equal((await send(server, 'GET')).text, 'precious')
  await server.device.close()
})

await t.test('an older version in the place of a damaged one is shown, and proves nothing', async (t) => {
  const first = await startTestServer()
  await put(first, 2, 'the later one')
  first.disk.flipBit(dataFile(first.disk), 3)
  const server = await restarted(first)
  t.equal((await send(server, 'GET')).status, 404)
  // As a replica brings it that missed the later one.
  t.equal((await put(server, 1, 'the older one')).status, 201)
  const path = '/sda/0/a/c/o'
  const short = await send(server, 'PROBES', {
    path: '/sda',
    query: 'short=1',
    body: JSON.stringify([[path, 0]]),
  })
  t.match(JSON.parse(short.text), [[200, { 'x-backend-quarantined': 'true' }]])
  for (const [method, headers] of [
    ['GET', {}],
    ['HEAD', {}],
    ['HEAD', { 'x-backend-martlet-index-only': 'true' }],
    ['GET', { range: 'bytes=0-2' }],
  ] as const) {
    const answer = await send(server, method, { headers })
    t.ok(answer.status === 200 || answer.status === 206)
    t.equal(answer.headers['x-backend-data-timestamp'], at(1))
    t.equal(answer.headers['x-backend-quarantined'], 'true', `${method} ${JSON.stringify(headers)}`)
  }
  t.equal((await put(server, 2, 'the later one')).status, 201, 'it is brought back')
  t.equal((await send(server, 'GET')).headers['x-backend-quarantined'], undefined)
  await server.device.close()
})

await t.test('a damaged block of a large object breaks the answer off before its bytes', async (t) => {
  const first = await startTestServer()
  const body = Buffer.alloc(3 * BLOCK_BYTES, 'x')
  await put(first, 1, body)
  first.disk.flipBit(dataFile(first.disk), BLOCK_BYTES + 17)
  const server = await restarted(first)
  const request = { method: 'GET', path: '/sda/0/a/c/o', query: '', headers: {}, body: undefined }
  t.equal(
    (await send(server, 'GET', { headers: { range: 'bytes=0-99' } })).status,
    206,
    'other blocks are fine',
  )
  const response = await server.handler({ ...request, body: undefined as never } as never)
  t.equal(response.status, 200)
  let received = 0
  await t.rejects(
    async () => {
      for await (const chunk of response.body as AsyncIterable<Buffer>) received += chunk.length
    },
    { code: 'BAD_BLOCK' },
  )
  t.equal(received, BLOCK_BYTES, 'what came before was good')
  t.equal((await send(server, 'GET')).status, 404)
  t.equal(quarantined(server).length, 1)
  await server.device.close()
})

await t.test('a range verifies the blocks it touches', async (t) => {
  const first = await startTestServer()
  await put(first, 1, Buffer.alloc(2 * BLOCK_BYTES, 'x'))
  first.disk.flipBit(dataFile(first.disk), BLOCK_BYTES - 1)
  const server = await restarted(first)
  await t.rejects(send(server, 'GET', { headers: { range: 'bytes=0-9' } }), { code: 'BAD_BLOCK' })
  t.equal((await send(server, 'GET', { headers: { range: 'bytes=0-9' } })).status, 404)
  await server.device.close()
})

await t.test('a file that is shorter or longer than it should be is damaged', async (t) => {
  for (const [bytes, grow] of [200_000, 3000, 0].flatMap((bytes) => [-1, 1].map((grow) => [bytes, grow]))) {
    if (bytes === undefined || grow === undefined || bytes + grow < 0) continue
    const first = await startTestServer()
    await put(first, 1, Buffer.alloc(bytes, 'x'))
    const path = dataFile(first.disk)
    const contents = first.disk.contentsAt(path, 'read')
    contents.bytes =
      grow > 0 ? Buffer.concat([contents.bytes, Buffer.from('!')]) : contents.bytes.subarray(0, -1)
    const server = await restarted(first)
    t.equal((await send(server, 'GET')).status, 404, `${bytes} ${grow}`)
    t.equal(quarantined(server).length, 1)
    await server.device.close()
  }
})

await t.test('a file that vanished is missing, and its silence proves nothing', async (t) => {
  const first = await startTestServer()
  await put(first, 1, 'x')
  first.disk.lose(dataFile(first.disk))
  const server = await restarted(first)
  const answer = await send(server, 'GET')
  t.equal(answer.status, 404)
  t.equal(answer.headers['x-backend-quarantined'], 'true')
  t.equal((await put(server, 2, 'y')).status, 201)
  t.equal((await send(server, 'GET')).text, 'y')
  await server.device.close()
})

await t.test('metadata too large for attributes lives in a trailer, and damage to it is found', async (t) => {
  const large = Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [`x-object-sysmeta-${n}`, `${n}`.repeat(200)]),
  )
  const first = await startTestServer()
  await put(first, 1, 'body', large)
  t.match((await send(first, 'GET')).headers, large)
  const server = await restarted(first)
  const found = await send(server, 'GET')
  t.equal(found.text, 'body')
  t.match(found.headers, large)
  server.disk.flipBit(dataFile(server.disk), 500)
  const again = await restarted(server)
  t.equal((await send(again, 'HEAD')).status, 404)
  t.equal(quarantined(again).length, 1)
  await again.device.close()
})

await t.test('an object of a newer format is 507 and left where it is', async (t) => {
  const first = await startTestServer({ diskOptions: { xattrBytesMax: 50_000 } })
  const large = { 'x-object-sysmeta-a': 'x'.repeat(5000) }
  await put(first, 1, 'body', large)
  const file = dataFile(first.disk)
  const disk = first.disk.remount()
  const record = (await disk.getXattr(file, METADATA_XATTR)) ?? Buffer.alloc(0)
  await disk.setXattr(file, METADATA_XATTR, asNewerRecord(record))
  const server = await restarted(first)
  t.equal((await send(server, 'HEAD')).status, 507)
  t.equal((await send(server, 'GET')).status, 507)
  t.equal((await put(server, 1, 'other', {}, '/sda/0/a/c/other')).status, 201, 'others are served')
  await server.device.close()
  server.kv.corrupt('/devices/sda/index')
  const { kv, clock } = server
  await t.rejects(startTestServer({ disk: server.disk, kv, clock }), { code: 'ENEWERFORMAT' })
  t.same(quarantined(server), [])
  t.equal(dataFile(server.disk), file)
})

for (const [where, xattrBytesMax] of [
  ['in an attribute', 50_000],
  ['in a trailer', 0],
] as const) {
  await t.test(`a flipped bit of the version ${where} costs that copy, not the device`, async (t) => {
    const first = await startTestServer({ diskOptions: { xattrBytesMax } })
    await put(first, 1, 'precious')
    const file = dataFile(first.disk)
    await put(first, 1, 'other', {}, '/sda/0/a/c/other')
    await flipVersion(first.disk, file)
    await first.device.close()
    first.kv.corrupt('/devices/sda/index')
    const { disk, kv, clock } = first
    const rebuilt = await startTestServer({ disk, kv, clock })
    t.equal(quarantined(rebuilt).length, 1)
    t.equal((await send(rebuilt, 'GET')).status, 404)
    t.equal((await send(rebuilt, 'GET', { path: '/sda/0/a/c/other' })).text, 'other')
    await rebuilt.device.close()
  })
}

/** One bit of the byte of the version, or of the digit at the end of the file. */
async function flipVersion(memory: MemoryDisk, path: string): Promise<void> {
  const disk = memory.remount()
  const record = await disk.getXattr(path, METADATA_XATTR).catch(() => undefined)
  if (record === undefined) return memory.flipBit(path, (await disk.readFile(path)).length - 1, 1)
  record[2] = (record[2] ?? 0) ^ 2
  await disk.setXattr(path, METADATA_XATTR, record)
}

await t.test(
  'a filesystem without attributes keeps everything in trailers, POSTs and restarts included',
  async (t) => {
    const first = await startTestServer({ diskOptions: { xattrBytesMax: 0 } })
    await put(first, 1, '', { 'x-object-meta-a': 'b' })
    await put(first, 1, 'large', { 'x-object-meta-c': 'd' }, '/sda/0/a/c/other')
    await send(first, 'POST', { headers: { 'x-timestamp': at(2), 'x-object-meta-e': 'f' } })
    const server = await restarted(first)
    await server.device.close()
    server.kv.corrupt('/devices/sda/index')
    const { disk, kv, clock } = server
    const rebuilt = await startTestServer({ disk, kv, clock })
    t.match((await send(rebuilt, 'GET')).headers, { 'x-object-meta-e': 'f', 'content-length': '0' })
    const other = await send(rebuilt, 'GET', { path: '/sda/0/a/c/other' })
    t.equal(other.text, 'large')
    t.equal(other.headers['x-object-meta-c'], 'd')
    await rebuilt.device.close()
  },
)

await t.test(
  'what cannot be read while the index is rebuilt is quarantined, not lost and not served',
  async (t) => {
    const first = await startTestServer()
    await put(first, 1, 'good')
    await put(first, 1, 'bad', {}, '/sda/0/a/c/bad')
    await first.device.close()
    const bad = first.disk.files().find((file) => file.endsWith('.data') && isBad(first.disk, file)) ?? ''
    first.disk.contentsAt(bad, 'read').xattrs.clear()
    first.kv.corrupt('/devices/sda/index')
    const { disk, kv, clock } = first
    const server = await startTestServer({ disk, kv, clock })
    t.match(server.device.reports.get(0), { kind: 'rebuilt', quarantined: 1 })
    t.equal((await send(server, 'GET')).text, 'good')
    t.equal((await send(server, 'GET', { path: '/sda/0/a/c/bad' })).status, 404)
    t.equal(quarantined(server).length, 1)
    await server.device.close()
  },
)

function isBad(disk: MemoryDisk, file: string): boolean {
  return disk.contentsAt(file, 'read').bytes.toString() === 'bad'
}

await t.test(
  'an unreadable sector is no damage: the device cannot answer, and nothing is moved',
  async (t) => {
    const first = await startTestServer()
    await put(first, 1, 'x')
    const server = await restarted(first)
    server.disk.addFault({ operation: 'read', effect: 'EIO', times: 1 })
    t.equal((await send(server, 'GET')).status, 507)
    t.equal((await send(server, 'GET')).text, 'x')
    await server.device.close()
  },
)
