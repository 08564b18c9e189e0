import { createHmac } from 'node:crypto'
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { type Received, send, testProxy, tokenFor } from '../testing/test-proxy.ts'

const NOW_SECONDS = 1_700_000_000
const PATH = '/v1/AUTH_test/c/in-'
const KEY = 'form key'

const clock = new VirtualClock({ startMs: NOW_SECONDS * 1000 })
const environment = { clock, random: { bytes: (count: number) => Buffer.alloc(count), below: () => 0 } }
const { handler } = testProxy({}, { environment })
const owner = { 'X-Auth-Token': await tokenFor(handler, 'test:tester', 'testing') }
await send(handler, {
  method: 'PUT',
  target: '/v1/AUTH_test/c',
  headers: { ...owner, 'X-Container-Meta-Temp-URL-Key': KEY },
})

interface Part {
  readonly name: string
  readonly value: string
  readonly filename?: string
  readonly type?: string
}

const LIMITS = { redirect: '', max_file_size: '10', max_file_count: '2', expires: String(NOW_SECONDS + 60) }

/** The fields of a signed form; `changed` after it was signed. */
function form(limits: Partial<typeof LIMITS> = {}, changed: Readonly<Record<string, string>> = {}): Part[] {
  const { redirect, max_file_size, max_file_count, expires } = { ...LIMITS, ...limits }
  const text = [PATH, redirect, max_file_size, max_file_count, expires].join('\n')
  const signature = createHmac('sha256', KEY).update(text).digest('hex')
  const fields = { redirect, max_file_size, max_file_count, expires, signature, ...changed }
  return Object.entries(fields).map(([name, value]) => ({ name, value }))
}

function file(filename: string, value: string, type?: string): Part {
  return { name: 'file1', filename, value, ...(type === undefined ? {} : { type }) }
}

function encode(parts: readonly Part[]): string {
  const written = parts.map(({ name, value, filename, type }) => {
    const of = filename === undefined ? '' : `; filename="${Buffer.from(filename).toString('latin1')}"`
    const typed = type === undefined ? '' : `Content-Type: ${type}\r\n`
    return `--XX\r\nContent-Disposition: form-data; name="${name}"${of}\r\n${typed}\r\n${value}\r\n`
  })
  return `${written.join('')}--XX--\r\n`
}

function submit(parts: readonly Part[] | string, target = PATH): Promise<Received> {
  const body = typeof parts === 'string' ? parts : encode(parts)
  return send(handler, {
    method: 'POST',
    target,
    headers: { 'Content-Type': 'multipart/form-data; boundary=XX' },
    body,
  })
}

function read(object: string): Promise<Received> {
  return send(handler, { target: `/v1/AUTH_test/c/${object}`, headers: owner })
}

t.test('each file becomes an object below the signed path', async (t) => {
  const answer = await submit([
    ...form(),
    file('a.txt', 'one', 'text/plain'),
    file('f\u00fc.png', '2\r\n--X', 'image/png'),
  ])
  t.match(answer, { status: 201, body: '201 Created', headers: { 'content-type': 'text/plain' } })
  t.match(await read('in-a.txt'), { status: 200, body: 'one', headers: { 'content-type': 'text/plain' } })
  t.match(await read('in-f%C3%BC.png'), {
    status: 200,
    body: '2\r\n--X',
    headers: { 'content-type': 'image/png' },
  })
})

t.test('a form for the whole container puts files right into it', async (t) => {
  const path = '/v1/AUTH_test/c'
  const text = [path, '', '10', '1', LIMITS.expires].join('\n')
  const signature = createHmac('sha512', KEY).update(text).digest('base64')
  const fields = form({ max_file_count: '1' }, { signature: `sha512:${signature}` })
  t.equal((await submit([...fields, file('whole', 'x')], path)).status, 201)
  t.equal((await read('whole')).body, 'x')
})

t.test('the browser is sent on with the outcome', async (t) => {
  const redirect = 'http://site.example/done?a=1'
  const done = await submit([...form({ redirect }), file('r', 'x')])
  t.match(done, { status: 303, headers: { location: `${redirect}&status=201&message=` } })
  const many = await submit([...form({ redirect, max_file_count: '1' }), file('r', 'x'), file('s', 'x')])
  t.equal(many.headers['location'], `${redirect}&status=400&message=max%20file%20count%20exceeded`)
  t.match(many.body, 'status=400')
})

t.test('nobody is sent on to an address that was not signed', async (t) => {
  const elsewhere = form({}, { redirect: 'http://evil.example/' })
  t.match(await submit(elsewhere), { status: 400, body: '400 Bad Request\r\nFormPost: No Files To Process' })
  t.match(await submit([...elsewhere, file('a', 'x')]), { status: 401, body: 'FormPost: Invalid Signature' })
  t.match(await submit([{ name: 'redirect', value: 'http://evil.example/' }, file('a', 'x')]), {
    status: 400,
    body: '400 Bad Request\r\nFormPost: Max File Count Exceeded',
  })
})

t.test('a file that is too long is not stored', async (t) => {
  t.match(await submit([...form(), file('long', '12345678901')]), {
    status: 400,
    body: 'FormPost: max_file_size exceeded',
  })
  t.equal((await read('in-long')).status, 404)
  t.equal((await submit([...form(), file('just', '1234567890')])).status, 201)
})

t.test('a form that is cut off stores nothing of the file', async (t) => {
  const whole = encode([...form(), file('cut', '12345')])
  t.match(await submit(whole.slice(0, -8)), { status: 400, body: 'FormPost: the form is cut off' })
  t.equal((await read('in-cut')).status, 404)
})

t.test('no more files than were signed', async (t) => {
  const answer = await submit([...form({ max_file_count: '1' }), file('m1', 'x'), file('m2', 'x')])
  t.match(answer, { status: 400, body: '400 Bad Request\r\nFormPost: Max File Count Exceeded' })
  t.equal((await read('in-m1')).status, 200)
  t.equal((await read('in-m2')).status, 404)
})

t.test('a changed, expired or unsigned form is refused', async (t) => {
  const refused = async (parts: readonly Part[], body: string): Promise<void> => {
    t.match(await submit([...parts, file('no', 'x')]), {
      status: 401,
      body,
      headers: { 'www-authenticate': 'Swift realm="unknown"' },
    })
  }
  await refused(form({}, { max_file_size: '99999' }), 'FormPost: Invalid Signature')
  await refused(form({}, { signature: 'x' }), 'FormPost: Invalid Signature')
  await refused(form({ expires: String(NOW_SECONDS - 1) }), 'FormPost: Form Expired')
  t.equal((await submit([...form(), file('no', 'x')], '/v1/AUTH_test/c/elsewhere')).status, 401)
  t.equal((await submit([...form(), file('no', 'x')], '/v1/AUTH_test2/c/in-')).status, 401)
  t.equal((await submit([...form(), file('no', 'x')], '/v1/AUTH_test')).status, 401)
  t.equal((await read('in-no')).status, 404)
})

t.test('numbers that are none are named', async (t) => {
  for (const [limits, reason] of [
    [{ max_file_count: 'x' }, 'max_file_count not an integer'],
    [{ max_file_size: 'x' }, 'max_file_size not an integer'],
    [{ expires: 'x' }, 'expired not an integer'],
  ] as const) {
    t.match(await submit([...form(limits), file('a', 'x')]), { status: 400, body: `FormPost: ${reason}` })
  }
  const bad = await submit([...form({}, { x_delete_after: 'soon' }), file('a', 'x')])
  t.match(bad, { status: 400, body: 'FormPost: x_delete_after not an integer: Number of seconds required.' })
})

t.test('fields say what is stored with the file', async (t) => {
  const fields = { x_delete_after: '60', 'content-type': 'text/x-own', 'content-encoding': 'gzip' }
  t.equal((await submit([...form({}, fields), file('f', 'x', 'text/plain')])).status, 201)
  t.match(await read('in-f'), {
    headers: {
      'content-type': 'text/x-own',
      'content-encoding': 'gzip',
      'x-delete-at': String(NOW_SECONDS + 60),
    },
  })
})

t.test('no field can write a header of its own', async (t) => {
  const answer = await submit([
    ...form({}, { 'content-type': 'a/b\r\nX-Object-Manifest: c/o' }),
    file('h', 'x'),
  ])
  t.match(answer, { status: 400, body: 'FormPost: content-type not valid' })
  t.equal((await read('in-h')).status, 404)
})

t.test('fields behind the file do not count, and none is read beyond its limit', async (t) => {
  const late = [...form(), file('late', 'x'), { name: 'content-type', value: 'text/late' }]
  t.equal((await submit(late)).status, 201)
  t.not((await read('in-late')).headers['content-type'], 'text/late')
  const huge = { name: 'note', value: 'y'.repeat(100_000) }
  t.equal((await submit([huge, ...form(), file('huge', 'x')])).status, 201)
})

t.test('a name cannot lead out of the container', async (t) => {
  t.equal((await submit([...form(), file('../../other/x', 'y')])).status, 201)
  t.equal((await read('in-../../other/x')).body, 'y')
})

t.test('what is no form goes its usual way, and what begins badly is refused', async (t) => {
  t.match(await submit('nothing of the kind'), { status: 400, body: 'FormPost: invalid starting boundary' })
  const plain = await send(handler, {
    method: 'POST',
    target: PATH,
    headers: { 'Content-Type': 'text/plain' },
    body: '',
  })
  t.equal(plain.status, 401)
  const { body } = await send(handler, { target: '/info' })
  t.strictSame(JSON.parse(body).formpost, {
    allowed_digests: ['sha1', 'sha256', 'sha512'],
    deprecated_digests: ['sha1'],
  })
})
