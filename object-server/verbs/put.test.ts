import t from 'tap'
import { MAX_FILE_SIZE_BYTES } from '#base/limits.ts'
import { BodyError, bufferBody, type HeaderMap, type RequestBody } from '#http/message.ts'
import { at, OBJECT_PATH, put, send, startTestServer, type TestServer } from '../test-server.ts'

/** A body that tells when it was asked to go on, and with which headers. */
function watchedBody(bytes: Buffer | string): RequestBody & { readonly continued: HeaderMap[] } {
  const continued: HeaderMap[] = []
  const { bytes: _, ...body } = bufferBody(Buffer.from(bytes))
  return { ...body, continued, sendContinue: (headers = {}) => continued.push(headers) }
}

/** A sender that fails in the middle. */
function failingBody(lengthBytes: number | undefined, code: 'SENDER_GONE' | 'SENDER_TIMEOUT'): RequestBody {
  return {
    lengthBytes,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('half')
      throw new BodyError(code)
    },
  }
}

async function withServer(body: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer()
  await body(server)
  await server.device.close()
}

await t.test('PUT answers 100 only after what it can refuse without the body', (t) =>
  withServer(async (server) => {
    await put(server, 5, 'x')
    const older = watchedBody('y')
    const conflict = await put(server, 5, older)
    t.equal(conflict.status, 409)
    t.equal(conflict.headers['x-backend-timestamp'], at(5))
    const exists = watchedBody('y')
    t.equal((await put(server, 6, exists, { 'if-none-match': '*' })).status, 412)
    server.device.drive.fail('test')
    const failed = watchedBody('y')
    t.equal((await put(server, 7, failed)).status, 507)
    server.device.drive.mend()
    t.same([older.continued, exists.continued, failed.continued], [[], [], []])
    const fine = watchedBody('y')
    t.equal((await put(server, 7, fine)).status, 201)
    t.same(fine.continued, [{}])
  }),
)

await t.test('If-None-Match names what must not be there', (t) =>
  withServer(async (server) => {
    const first = await put(server, 1, 'x', { 'if-none-match': '*' })
    t.equal(first.status, 201)
    t.equal((await put(server, 2, 'y', { 'if-none-match': String(first.headers['etag']) })).status, 412)
    t.equal((await put(server, 2, 'y', { 'if-none-match': '"other"' })).status, 201)
    await send(server, 'DELETE', { headers: { 'x-timestamp': at(3) } })
    t.equal((await put(server, 4, 'z', { 'if-none-match': '*' })).status, 201, 'a tombstone is nothing')
  }),
)

await t.test('a tombstone as new or newer is a conflict', (t) =>
  withServer(async (server) => {
    await send(server, 'DELETE', { headers: { 'x-timestamp': at(5) } })
    t.match(await put(server, 5, 'x'), { status: 409, headers: { 'x-backend-timestamp': at(5) } })
    t.equal((await put(server, 4, 'x')).status, 409)
    t.equal((await put(server, 6, 'x')).status, 201)
  }),
)

await t.test('the ETag that the sender gives must be that of the body', (t) =>
  withServer(async (server) => {
    t.equal((await put(server, 1, 'hello', { etag: 'd41d8cd98f00b204e9800998ecf8427e' })).status, 422)
    t.equal((await send(server, 'GET')).status, 404)
    t.equal((await put(server, 1, 'hello', { etag: '"5D41402ABC4B2A76B9719D911017C592"' })).status, 201)
  }),
)

await t.test('a body that ends early never becomes an object', (t) =>
  withServer(async (server) => {
    t.equal((await put(server, 1, failingBody(10, 'SENDER_GONE'))).status, 499)
    t.equal((await put(server, 1, failingBody(undefined, 'SENDER_GONE'))).status, 499)
    t.equal((await put(server, 1, failingBody(10, 'SENDER_TIMEOUT'))).status, 408)
    t.equal((await put(server, 1, { ...watchedBody('short'), lengthBytes: 10 })).status, 499)
    t.equal((await send(server, 'GET')).status, 404)
    t.same(
      server.disk.files().filter((path) => path.includes('/tmp/')),
      [],
      'nothing is left behind',
    )
  }),
)

await t.test('a body of unknown length is stored as long as it is', (t) =>
  withServer(async (server) => {
    t.equal((await put(server, 1, { ...watchedBody('chunked'), lengthBytes: undefined })).status, 201)
    t.equal((await send(server, 'GET')).text, 'chunked')
  }),
)

await t.test('requests that Swift refuses are refused with its words', (t) =>
  withServer(async (server) => {
    const refused = async (headers: Record<string, string>, path?: string): Promise<string> => {
      const { status, text } = await put(server, 1, 'x', headers, path)
      return `${status} ${text}`
    }
    const { handler } = server
    const bare = await handler({
      method: 'PUT',
      path: OBJECT_PATH,
      query: '',
      headers: { 'x-timestamp': at(1), 'content-type': 'a/b' },
      body: bufferBody(Buffer.alloc(0)),
      signal: undefined,
      remoteAddress: '',
      secure: false,
    })
    t.equal(bare.status, 411)
    t.equal(await refused({ 'x-timestamp': '' }), '400 Invalid X-Timestamp header')
    t.equal(await refused({ 'x-delete-at': 'x' }), '400 Non-integer X-Delete-At')
    t.equal(await refused({ 'x-delete-at': '1600000000' }), '400 X-Delete-At in past')
    t.equal(await refused({ 'x-delete-after': 'x' }), '400 Non-integer X-Delete-After')
    t.equal(await refused({ 'x-delete-after': '-1' }), '400 X-Delete-After in past')
    t.equal(await refused({ 'x-object-meta-': 'x' }), '400 Metadata name cannot be empty')
    t.match(await refused({ [`x-object-meta-${'a'.repeat(2049)}`]: 'x' }), /^400 Metadata name too long/)
    t.match(await refused({ 'x-object-meta-a': 'x'.repeat(2049) }), /^400 Metadata value longer than 2048/)
    const many = Object.fromEntries(Array.from({ length: 91 }, (_, n) => [`x-object-meta-${n}`, 'x']))
    t.equal(await refused(many), '400 Too many metadata items; max 90')
    const large = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`x-object-meta-${n}`, 'x'.repeat(250)]),
    )
    t.equal(await refused(large), '400 Total metadata too large; max 4096')
    t.match(
      await refused({}, `/sda/0/a/c/${'o'.repeat(1025)}`),
      /^400 Object name length of 1025 longer than 1024/,
    )
    t.equal((await put(server, 1, 'x', {}, `/sda/0/a/c/${'o'.repeat(1024)}`)).status, 201)
    const noType = await send(server, 'PUT', { headers: { 'x-timestamp': at(1) }, body: 'x' })
    t.equal(`${noType.status} ${noType.text}`, '400 No content type')
    const huge = { ...watchedBody('x'), lengthBytes: MAX_FILE_SIZE_BYTES + 1 }
    t.equal((await put(server, 1, huge)).status, 413)
  }),
)

await t.test('X-Delete-After is kept as X-Delete-At', (t) =>
  withServer(async (server) => {
    t.equal((await put(server, 1, 'x', { 'x-delete-after': '100' })).status, 201)
    const found = await send(server, 'HEAD')
    t.equal(found.headers['x-delete-at'], '1700000101')
    t.notOk('x-delete-after' in found.headers)
  }),
)

await t.test('what is stored: metadata of three kinds, allowed headers, what a replicator names', (t) =>
  withServer(async (server) => {
    await put(server, 1, 'x', {
      'x-object-meta-a': '1',
      'x-object-sysmeta-b': '2',
      'x-object-transient-sysmeta-c': '3',
      'content-encoding': 'gzip',
      'content-disposition': 'attachment',
      'x-object-manifest': 'c/prefix',
      'x-static-large-object': 'True',
      'x-strange': 'no',
      'x-named': 'yes',
      'x-backend-replication-headers': 'X-Named Etag Content-Length',
    })
    const { headers } = await send(server, 'GET')
    t.match(headers, {
      'x-object-meta-a': '1',
      'x-object-sysmeta-b': '2',
      'x-object-transient-sysmeta-c': '3',
      'content-encoding': 'gzip',
      'content-disposition': 'attachment',
      'x-object-manifest': 'c/prefix',
      'x-static-large-object': 'True',
      'content-length': '1',
    })
    t.notOk('x-strange' in headers)
    const name = 'x-backend-ignore-range-if-metadata-present'
    const range = { range: 'bytes=0-0', [name]: 'x-named' }
    t.equal((await send(server, 'GET', { headers: range })).status, 200, 'what was named is stored')
  }),
)

await t.test(
  'X-Backend-No-Commit changes nothing for replicated objects, multiphase commit is refused',
  (t) =>
    withServer(async (server) => {
      t.equal((await put(server, 1, 'x', { 'x-backend-no-commit': 'true' })).status, 201)
      t.equal((await send(server, 'GET')).status, 200)
      const refused = await put(server, 2, 'x', { 'x-backend-obj-multiphase-commit': 'true' })
      t.equal(refused.status, 501)
      t.equal(refused.text, 'Multiphase commit is not supported')
    }),
)

await t.test('a replicator may win the tie of equal timestamps, a client may not', (t) =>
  withServer(async (server) => {
    const [low, high] = ['a', 'b'] as const // MD5 0cc1… and 92eb…
    await put(server, 1, low)
    t.equal((await put(server, 1, high)).status, 409)
    t.equal((await put(server, 1, high, { 'x-backend-replication': 'true' })).status, 201)
    t.equal((await put(server, 1, low, { 'x-backend-replication': 'true' })).status, 409)
    t.equal((await send(server, 'GET')).text, high)
  }),
)

await t.test('of many writers at once the latest timestamp wins', (t) =>
  withServer(async (server) => {
    const seconds = [3, 9, 1, 7, 5, 8, 2, 6, 4]
    const answers = await Promise.all(seconds.map((second) => put(server, second, `body ${second}`)))
    for (const [at, { status }] of answers.entries()) {
      t.ok(status === 201 || (status === 409 && seconds[at] !== 9), `second ${seconds[at]}: ${status}`)
    }
    t.equal((await send(server, 'GET')).text, 'body 9')
  }),
)

await t.test('names of all kinds', (t) =>
  withServer(async (server) => {
    const names = ['a b', 'slash/es//', '100%', 'emoji 🐦', 'é', '.', '..', 'x'.repeat(1024)]
    for (const name of names) {
      const path = `/sda/0/a/c/${name.split('/').map(encodeURIComponent).join('/')}`
      t.equal((await put(server, 1, name, {}, path)).status, 201, name.slice(0, 20))
      t.equal((await send(server, 'GET', { path })).text, name)
    }
  }),
)
