/** Bodies that go wrong on their way, over real sockets: the client is told, nothing is stored, and nobody waits for ever. */
import { connect } from 'node:net'
import t from 'tap'
import { chunkedBody, seedIn } from '#auth/testing/aws-chunked.ts'
import { signV4 } from '#auth/testing/sign-v4.ts'
import { signingNow } from '#proxy/testing/signed-s3-door.ts'
import { type MemoryDoor, startMemoryDoor } from './memory-door.ts'

const PAYLOAD = Buffer.alloc(1024 * 1024, 'a long body ')
const CHUNKED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
let door: MemoryDoor

t.before(async () => {
  door = await startMemoryDoor(t)
  await door.signed({ method: 'PUT', target: '/bucket' })
})

/** An upload in signed chunks, as it would go over the wire. */
function upload(target: string): { readonly headers: Record<string, string>; readonly body: Buffer } {
  const signing = { ...signingNow(), payloadHash: CHUNKED }
  const length = { 'x-amz-decoded-content-length': String(PAYLOAD.length) }
  const headers = signV4(
    { method: 'PUT', target, headers: { host: new URL(door.url).host, ...length } },
    signing,
  )
  const seedSignature = seedIn(headers['authorization'] ?? '')
  const body = chunkedBody({ payload: PAYLOAD, chunkBytes: 65_536, signed: { ...signing, seedSignature } })
  return { headers, body }
}

async function put(target: string, change: (body: Buffer) => void): Promise<string> {
  const { headers, body } = upload(target)
  change(body)
  const answer = await fetch(door.url + target, { method: 'PUT', headers, body })
  return `${answer.status} ${/<Code>(\w+)/.exec(await answer.text())?.[1] ?? ''}`.trim()
}

async function statusOf(target: string): Promise<number> {
  return (await door.signed({ method: 'HEAD', target })).status
}

void t.test('a long body in signed chunks is stored', async (t) => {
  t.equal(await put('/bucket/good', () => {}), '200')
  t.equal((await door.signed({ target: '/bucket/good' })).body.length, PAYLOAD.length)
})

void t.test(
  'a wrong chunk at the beginning, in the middle and at the end is told, and nothing stored',
  async (t) => {
    for (const at of [0.01, 0.5, 0.999]) {
      const answer = await put('/bucket/bad', (body) => body.write('X', Math.floor(body.length * at)))
      t.match(answer, /^(403 SignatureDoesNotMatch|400 IncompleteBody)$/, `at ${at}`)
      t.equal(await statusOf('/bucket/bad'), 404)
    }
  },
)

void t.test('a client that goes away in mid-body leaves nothing, and the door goes on', async (t) => {
  const { headers, body } = upload('/bucket/gone')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const head = `PUT /bucket/gone HTTP/1.1\r\n${lines.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n`
  const { hostname, port } = new URL(door.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await new Promise<void>((resolve) => {
    socket.write(head)
    socket.write(body.subarray(0, body.length / 2), () => {
      socket.destroy()
      resolve()
    })
  })
  t.equal(await put('/bucket/next', () => {}), '200')
  t.equal(await statusOf('/bucket/gone'), 404)
})

void t.test('a body that ends early, as far as HTTP goes, is incomplete', async (t) => {
  const { headers, body } = upload('/bucket/short')
  const short = body.subarray(0, body.length - 100)
  const answer = await fetch(`${door.url}/bucket/short`, { method: 'PUT', headers, body: Buffer.from(short) })
  t.match(`${answer.status} ${await answer.text()}`, /^400 .*<Code>IncompleteBody</s)
  t.equal(await statusOf('/bucket/short'), 404)
})
