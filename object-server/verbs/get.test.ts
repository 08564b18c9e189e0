import t from 'tap'
import { BLOCK_BYTES } from '#base/limits.ts'
import { at, put, send, startTestServer } from '../test-server.ts'

const BODY = '0123456789'

await t.test('GET answers ranges as Swift does', async (t) => {
  const server = await startTestServer()
  await put(server, 1, BODY)
  const range = (value: string): ReturnType<typeof send> => send(server, 'GET', { headers: { range: value } })

  const single = await range('bytes=2-4')
  t.equal(single.status, 206)
  t.equal(single.text, '234')
  t.match(single.headers, { 'content-range': 'bytes 2-4/10', 'content-length': '3' })
  t.equal((await range('bytes=7-')).text, '789')
  t.equal((await range('bytes=-3')).text, '789')
  t.equal((await range('bytes=-99')).text, BODY)
  t.equal((await range('bytes=8-99')).headers['content-range'], 'bytes 8-9/10')
  t.equal((await range('bytes=nonsense')).status, 200)

  const beyond = await range('bytes=10-12')
  t.equal(beyond.status, 416)
  t.equal(beyond.headers['content-range'], 'bytes */10')
  t.match(beyond.text, /The Range requested is not available/)

  const several = await range('bytes=0-1,5-6')
  t.equal(several.status, 206)
  const boundary = /^multipart\/byteranges;boundary=([0-9a-f]{32})$/.exec(
    String(several.headers['content-type']),
  )
  t.ok(boundary)
  t.equal(
    several.text,
    [
      `--${boundary?.[1]}`,
      'Content-Type: text/plain',
      'Content-Range: bytes 0-1/10',
      '',
      '01',
      `--${boundary?.[1]}`,
      'Content-Type: text/plain',
      'Content-Range: bytes 5-6/10',
      '',
      '56',
      `--${boundary?.[1]}--`,
    ].join('\r\n'),
  )
  t.equal(several.headers['content-length'], String(several.body.length))
  await server.device.close()
})

await t.test('ranges of an empty object', async (t) => {
  const server = await startTestServer()
  await put(server, 1, '')
  const suffix = await send(server, 'GET', { headers: { range: 'bytes=-5' } })
  t.equal(suffix.status, 200)
  t.equal(suffix.text, '')
  t.equal((await send(server, 'GET', { headers: { range: 'bytes=0-5' } })).status, 416)
  await server.device.close()
})

await t.test('ranges across blocks of a large object, single and multiple', async (t) => {
  const server = await startTestServer()
  const body = Buffer.alloc(3 * BLOCK_BYTES + 100)
  for (let byte = 0; byte < body.length; byte += 101) body[byte] = byte & 0xff
  await put(server, 1, body)
  const whole = await send(server, 'GET')
  t.ok(whole.body.equals(body))
  const [start, end] = [BLOCK_BYTES - 10, 2 * BLOCK_BYTES + 10]
  const across = await send(server, 'GET', { headers: { range: `bytes=${start}-${end - 1}` } })
  t.equal(across.status, 206)
  t.ok(across.body.equals(body.subarray(start, end)))
  const several = await send(server, 'GET', { headers: { range: `bytes=0-9,${start}-${end - 1}` } })
  t.equal(several.body.length, Number(several.headers['content-length']))
  t.ok(several.body.includes(body.subarray(start, end)))
  await server.device.close()
})

await t.test('a range is ignored when the object has the metadata named', async (t) => {
  const server = await startTestServer()
  await put(server, 1, BODY, { 'x-object-sysmeta-slo-etag': 'x', 'x-static-large-object': 'True' })
  const headers = { range: 'bytes=0-1' }
  const name = 'x-backend-ignore-range-if-metadata-present'
  const ignored = await send(server, 'GET', {
    headers: { ...headers, [name]: 'X-None, X-Static-Large-Object' },
  })
  t.equal(ignored.status, 200)
  t.equal(ignored.text, BODY)
  t.equal((await send(server, 'GET', { headers: { ...headers, [name]: 'X-None' } })).status, 206)
  await server.device.close()
})

await t.test('conditions on the ETag and on the time', async (t) => {
  const server = await startTestServer()
  const created = await put(server, 1, BODY)
  const etag = String(created.headers['etag'])
  const status = async (method: string, headers: Record<string, string>): Promise<number> =>
    (await send(server, method, { headers })).status
  for (const method of ['GET', 'HEAD']) {
    t.equal(await status(method, { 'if-match': etag }), 200)
    t.equal(await status(method, { 'if-match': '"other"' }), 412)
    t.equal(await status(method, { 'if-match': '*' }), 200)
    t.equal(await status(method, { 'if-none-match': etag }), 304)
    t.equal(await status(method, { 'if-none-match': '"other"' }), 200)
    t.equal(await status(method, { 'if-modified-since': 'Tue, 14 Nov 2023 22:13:21 GMT' }), 304)
    t.equal(await status(method, { 'if-modified-since': 'Tue, 14 Nov 2023 22:13:20 GMT' }), 200)
    t.equal(await status(method, { 'if-unmodified-since': 'Tue, 14 Nov 2023 22:13:20 GMT' }), 412)
    t.equal(await status(method, { 'if-unmodified-since': 'Tue, 14 Nov 2023 22:13:21 GMT' }), 200)
  }
  const unchanged = await send(server, 'GET', { headers: { 'if-none-match': etag } })
  t.equal(unchanged.text, '')
  t.match(unchanged.headers, { etag, 'content-length': '0', 'x-backend-timestamp': at(1) })
  await server.device.close()
})

await t.test('If-Match: * on nothing is 412', async (t) => {
  const server = await startTestServer()
  t.equal((await send(server, 'GET', { headers: { 'if-match': '*' } })).status, 412)
  t.equal((await send(server, 'GET', { headers: { 'if-match': '"x"' } })).status, 404)
  await server.device.close()
})

await t.test('the ETag of conditions may be kept elsewhere', async (t) => {
  const server = await startTestServer()
  await put(server, 1, BODY, { 'x-object-sysmeta-other-etag': 'special' })
  const headers = { 'x-backend-etag-is-at': 'X-Object-Sysmeta-None, X-Object-Sysmeta-Other-Etag' }
  const matching = await send(server, 'GET', { headers: { ...headers, 'if-match': '"special"' } })
  t.equal(matching.status, 200)
  t.equal((await send(server, 'GET', { headers: { ...headers, 'if-none-match': 'special' } })).status, 304)
  t.equal((await send(server, 'GET', { headers: { 'if-match': '"special"' } })).status, 412)
  await server.device.close()
})

await t.test('timestamps of what stands in the place of an object', async (t) => {
  const server = await startTestServer()
  const nothing = await send(server, 'GET')
  t.equal(nothing.status, 404)
  t.notOk('x-backend-timestamp' in nothing.headers)
  t.match(nothing.text, /The resource could not be found/)
  await send(server, 'DELETE', { headers: { 'x-timestamp': `${at(2)}_0000000000000003` } })
  for (const method of ['GET', 'HEAD']) {
    const deleted = await send(server, method)
    t.equal(deleted.status, 404)
    t.equal(deleted.headers['x-backend-timestamp'], `${at(2)}_0000000000000003`)
  }
  await server.device.close()
})

await t.test('a timestamp with an offset is shown to clients without it', async (t) => {
  const server = await startTestServer()
  const internal = `${at(1)}_00000000000000aa`
  const headers = { 'x-timestamp': internal, 'content-type': 'a/b' }
  t.equal((await send(server, 'PUT', { headers, body: 'x' })).status, 201)
  t.match((await send(server, 'GET')).headers, {
    'x-timestamp': at(1),
    'x-backend-timestamp': internal,
    'x-backend-data-timestamp': internal,
    'x-backend-durable-timestamp': internal,
  })
  await server.device.close()
})

await t.test('an expired object is gone, except for those who must see it', async (t) => {
  const server = await startTestServer()
  t.equal((await put(server, 1, BODY, { 'x-delete-at': '1700000100' })).status, 201)
  const get = (headers: Record<string, string>, method = 'GET'): ReturnType<typeof send> =>
    send(server, method, { headers: { 'x-timestamp': at(55), ...headers } })
  const early = await get({})
  t.equal(early.status, 200)
  t.equal(early.headers['x-delete-at'], '1700000100')
  await server.clock.advance(100_000)
  for (const method of ['GET', 'HEAD']) {
    const late = await get({ 'x-timestamp': at(100) }, method)
    t.equal(late.status, 404)
    t.equal(late.headers['x-backend-timestamp'], at(1))
    t.equal((await get({ 'x-timestamp': at(100), 'x-backend-open-expired': 'true' }, method)).status, 200)
    t.equal((await get({ 'x-timestamp': at(100), 'x-backend-replication': 'true' }, method)).status, 200)
  }
  t.equal((await send(server, 'GET')).status, 404, 'by its own clock when the request tells no time')
  await server.device.close()
})

await t.test('HEAD with the index-only extension tells the version and nothing else', async (t) => {
  const server = await startTestServer()
  const probe = (): ReturnType<typeof send> =>
    send(server, 'HEAD', { headers: { 'x-backend-martlet-index-only': 'true' } })
  t.equal((await probe()).status, 404)
  await put(server, 1, BODY, { 'x-object-meta-a': 'b' })
  const found = await probe()
  t.equal(found.status, 200)
  t.match(found.headers, {
    'x-backend-timestamp': at(1),
    'x-backend-data-timestamp': at(1),
    etag: '"781e5e245d69b566979b86e28d23f2c7"',
    'content-length': '10',
  })
  t.notOk('x-object-meta-a' in found.headers)
  await send(server, 'DELETE', { headers: { 'x-timestamp': at(2) } })
  t.match(await probe(), { status: 404, headers: { 'x-backend-timestamp': at(2) } })
  await server.device.close()
})

await t.test('GET and HEAD touch no disk when everything is remembered', async (t) => {
  const server = await startTestServer()
  await put(server, 1, BODY)
  await send(server, 'GET')
  const operations = ['openRead', 'read', 'stat', 'getXattr', 'readFile', 'readdir'] as const
  for (const operation of operations) server.disk.addFault({ operation, path: 'objects', effect: 'EIO' })
  t.equal((await send(server, 'GET')).text, BODY)
  t.equal((await send(server, 'HEAD')).status, 200)
  await server.device.close()
})
