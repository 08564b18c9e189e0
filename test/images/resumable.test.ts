/**
 * Goal: an upload that breaks goes on from where it was. Method: a connection that is cut twenty times, now and then to
 * another proxy, which knows nothing of the bytes before; a client that is wrong about the offset; two that go on at once.
 */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { BodyError, type RequestBody } from '#http/message.ts'
import { type AskImages, createImage, PEOPLE, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'

const CUTTING = { pieceBytes: 50_000, zeroRunBytes: Infinity, piecesMax: 1000 }
const CUTS = 20

/** Chunks of a body that breaks off after so many bytes. */
function breaking(bytes: Buffer, afterBytes: number): RequestBody {
  return {
    lengthBytes: bytes.length,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < afterBytes; at += 7000) yield bytes.subarray(at, Math.min(at + 7000, afterBytes))
      if (afterBytes < bytes.length) throw new BodyError('SENDER_GONE')
    },
  }
}

function sendPart(
  ask: AskImages,
  id: string,
  whole: Buffer,
  first: number,
  bytes: number,
): ReturnType<AskImages> {
  const body = breaking(whole.subarray(first), bytes)
  const range = `bytes ${first}-${whole.length - 1}/${whole.length}`
  return ask('PUT', `/v2/images/${id}/file`, {
    body,
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Range': range },
  })
}

async function offsetOf(ask: AskImages, id: string): Promise<number> {
  const { status, headers } = await ask('GET', `/v2/images/${id}/upload`)
  if (status !== 200) throw new Error(`no offset: ${status}`)
  return Number(headers['x-image-upload-offset'])
}

void t.test('an upload that is cut twenty times has the hash of the file', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const proxies = [1, 2, 3].map(() => testImages({ store, deps: { cutting: CUTTING } }).as(PEOPLE.tester))
  const [first] = proxies as [AskImages]
  const id = await createImage(first)
  const whole = randomBytes(1_000_000)
  const step = Math.ceil(whole.length / (CUTS + 1))
  for (let cut = 0; cut < CUTS; cut += 1) {
    const ask = proxies[cut % 3] as AskImages
    const offset = await offsetOf(ask, id)
    t.equal(offset, cut * step, 'nothing that came is asked for again')
    const broken = await sendPart(ask, id, whole, offset, step)
    t.equal(broken.status, 499)
    t.equal((await ask('GET', `/v2/images/${id}`)).json['status'], 'saving')
  }
  const last = await sendPart(first, id, whole, CUTS * step, whole.length)
  t.equal(last.status, 204)
  const { json } = await first('GET', `/v2/images/${id}`)
  const sha512 = createHash('sha512').update(whole).digest('hex')
  t.match(json, { status: 'active', size: whole.length, os_hash_value: sha512 })
  t.ok((await first('GET', `/v2/images/${id}/file`)).bytes.equals(whole))
  t.equal((await first('DELETE', `/v2/images/${id}`)).status, 204)
  t.same([...(await storedKeys(store))], [], 'nothing is left')
})

async function storedKeys(store: MemoryStore): Promise<readonly string[]> {
  const { registry } = testImages({ store })
  const objects = await registry.cluster.list({ txId: 'tx', signal: undefined, log: registry.log }, '')
  return (objects ?? []).map(({ name }) => name)
}

void t.test('who is wrong about the offset is told the right one', async (t) => {
  const ask = testImages({ store: new MemoryStore({ clock: realClock }) }).as(PEOPLE.tester)
  const id = await createImage(ask)
  const whole = randomBytes(100_000)
  await sendPart(ask, id, whole, 0, 30_000)
  const wrong = await sendPart(ask, id, whole, 10, whole.length)
  t.equal(wrong.status, 409)
  t.equal(wrong.headers['x-image-upload-offset'], '30000')
  t.equal((await sendPart(ask, id, whole, 30_000, whole.length)).status, 204)
})

void t.test('the length need not be known before the end', async (t) => {
  const ask = testImages({ store: new MemoryStore({ clock: realClock }) }).as(PEOPLE.tester)
  const id = await createImage(ask)
  const whole = randomBytes(30_000)
  const part = (range: string, bytes: Buffer): ReturnType<AskImages> =>
    ask('PUT', `/v2/images/${id}/file`, {
      body: bytes,
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Range': range },
    })
  const first = await part('bytes 0-19999/*', whole.subarray(0, 20_000))
  t.equal(first.status, 202)
  t.equal(first.headers['x-image-upload-offset'], '20000')
  t.equal((await part('bytes 20000-29999/30000', whole.subarray(20_000))).status, 204)
  t.ok((await ask('GET', `/v2/images/${id}/file`)).bytes.equals(whole))
})

void t.test('of two that go on with the same upload at once, the bytes of one count', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const [one, other] = [1, 2].map(() => testImages({ store }).as(PEOPLE.tester)) as [AskImages, AskImages]
  const id = await createImage(one)
  const whole = randomBytes(200_000)
  await sendPart(one, id, whole, 0, 40_000)
  const both = await Promise.all([
    sendPart(one, id, whole, 40_000, whole.length),
    sendPart(other, id, whole, 40_000, whole.length),
  ])
  const statuses = new Set(both.map(({ status }) => status))
  t.same(statuses, new Set([204, 409]), 'the other is told')
  t.ok((await one('GET', `/v2/images/${id}/file`)).bytes.equals(whole))
})

void t.test('an upload can be given up', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const ask = testImages({ store }).as(PEOPLE.tester)
  const id = await createImage(ask)
  await sendPart(ask, id, randomBytes(100_000), 0, 30_000)
  t.equal((await ask('DELETE', `/v2/images/${id}/upload`)).status, 204)
  t.equal((await ask('GET', `/v2/images/${id}`)).json['status'], 'queued')
  t.same(await storedKeys(store), [])
})
