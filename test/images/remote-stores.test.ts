/** Stores elsewhere, each against a second cluster of ours: what is written is read, in parts too, and removed whole. */
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { readWhole } from '#http/message.ts'
import type { ImageStore } from '#images/data/image-store.ts'
import { Refusal } from '#images/refusal.ts'
import { streamed } from '#images/testing/test-images.ts'
import { type AnotherCluster, anotherCluster, ENDPOINT } from './another-cluster.ts'

const CONTEXT = { txId: 'tx-test', signal: undefined, log: silentLogger }
/** More than two parts. */
const LONG = randomBytes(12 * 1024 * 1024 + 77)
const SHORT = LONG.subarray(0, 100_000)

const STORES: Readonly<Record<string, (cluster: AnotherCluster) => ImageStore>> = {
  'Swift with its own sign-in': ({ swiftStore }) => swiftStore(),
  'Swift with Keystone': ({ swiftStore, keystone }) => swiftStore(keystone('object-store')),
  S3: ({ s3Store }) => s3Store(),
}

function chunksOf(bytes: Buffer): readonly Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 70_000) chunks.push(bytes.subarray(at, at + 70_000))
  return chunks
}

async function fetched(
  store: ImageStore,
  key: string,
  range?: { start: number; end: number },
): Promise<Buffer> {
  const read = await store.read(CONTEXT, key, range)
  if (read.kind !== 'found') throw new Error(read.kind)
  return await readWhole(read.body, Number.MAX_SAFE_INTEGER)
}

async function everything({ objects }: AnotherCluster): Promise<readonly string[]> {
  return [...(await objects('glance')), ...(await objects('images'))]
}

for (const [name, open] of Object.entries(STORES)) {
  void t.test(`${name}: what is written is read whole and in parts, and goes whole`, async (t) => {
    const cluster = anotherCluster()
    const store = open(cluster)
    for (const [key, bytes, sizeBytes] of [
      ['a/1', LONG, undefined],
      ['a/2', LONG, LONG.length],
      ['a/3', SHORT, SHORT.length],
      ['a/4', SHORT, undefined],
      ['a/5', Buffer.alloc(0), undefined],
      ['a/6', Buffer.alloc(0), 0],
    ] as const) {
      t.same(
        await store.write(CONTEXT, key, streamed(chunksOf(bytes)), { sizeBytes }),
        { sizeBytes: bytes.length },
        key,
      )
      t.ok((await fetched(store, key)).equals(bytes), key)
    }
    const middle = { start: 5_000_000, end: 11_000_000 }
    t.ok((await fetched(store, 'a/1', middle)).equals(LONG.subarray(middle.start, middle.end)))
    t.match(await store.read(CONTEXT, 'a/7', undefined), { kind: 'absent' })
    t.ok(await store.remove(CONTEXT, 'a/7'), 'what is not there is gone')
    for (const key of ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6']) t.ok(await store.remove(CONTEXT, key), key)
    t.match(await store.read(CONTEXT, 'a/1', undefined), { kind: 'absent' })
    t.same(await everything(cluster), [])
  })

  void t.test(`${name}: a source that fails is heard of, and what it left goes`, async (t) => {
    const cluster = anotherCluster()
    const store = open(cluster)
    const broken = new Error('the client went away')
    const source = async function* (): AsyncGenerator<Buffer> {
      yield* chunksOf(LONG.subarray(0, 8_000_000))
      throw broken
    }
    await t.rejects(store.write(CONTEXT, 'b/1', source()), broken)
    t.match(await store.read(CONTEXT, 'b/1', undefined), { kind: 'absent' })
    t.ok(await store.remove(CONTEXT, 'b/1'))
    t.same(await everything(cluster), [])
  })

  void t.test(`${name}: a download that breaks goes on where it was`, async (t) => {
    const cluster = anotherCluster()
    const store = open(cluster)
    await store.write(CONTEXT, 'c/1', streamed(chunksOf(LONG)))
    let cuts = 0
    cluster.transport.inject((_target, { method, path }) => {
      const isData = method === 'GET' && path.endsWith('c/1')
      if (!isData || cuts === 3) return undefined
      cuts += 1
      return { kind: 'drop_body', afterBytes: 1_000_000 }
    })
    t.ok((await fetched(store, 'c/1')).equals(LONG))
    t.equal(cuts, 3)
    cluster.transport.inject((_target, { path }) =>
      path.endsWith('c/1') ? { kind: 'drop_body', afterBytes: 0 } : undefined,
    )
    await t.rejects(fetched(store, 'c/1'), 'one that never comes is given up')
  })

  void t.test(`${name}: one that is down is said to be, whatever it is asked`, async (t) => {
    const cluster = anotherCluster()
    const store = open(cluster)
    await isDown(t, store, cluster)
  })
}

async function isDown(t: Test, store: ImageStore, { transport }: AnotherCluster): Promise<void> {
  transport.inject(() => ({ kind: 'refuse' }))
  const written = await store.write(CONTEXT, 'd/1', streamed([SHORT]))
  t.type(written, Refusal)
  t.match(written, { status: 503, message: new RegExp(store.id) })
  t.match(await store.read(CONTEXT, 'd/1', undefined), { kind: 'unavailable' })
  t.notOk(await store.remove(CONTEXT, 'd/1'))
  transport.register(ENDPOINT, async () => ({ status: 503, headers: {}, body: Buffer.from('<html>') }))
  transport.inject(() => undefined)
  t.match(await store.write(CONTEXT, 'd/1', streamed([SHORT])), { status: 503 })
  t.match(await store.read(CONTEXT, 'd/1', undefined), { kind: 'unavailable' })
}

void t.test('a part of an S3 upload that fails is sent again', async (t) => {
  const cluster = anotherCluster()
  const store = cluster.s3Store()
  let lost = 0
  cluster.transport.inject((_target, { method, query }) => {
    if (method !== 'PUT' || !query.includes('partNumber') || lost === 2) return undefined
    lost += 1
    return { kind: 'drop_answer' }
  })
  await store.write(CONTEXT, 'e/1', streamed(chunksOf(LONG)))
  t.equal(lost, 2)
  t.ok((await fetched(store, 'e/1')).equals(LONG))
})

void t.test('an S3 upload whose completion nobody heard of is whole all the same', async (t) => {
  const cluster = anotherCluster()
  const store = cluster.s3Store()
  cluster.transport.inject((_target, { method, query }) =>
    method === 'POST' && query.startsWith('uploadId') ? { kind: 'drop_answer' } : undefined,
  )
  t.same(await store.write(CONTEXT, 'f/1', streamed(chunksOf(LONG))), { sizeBytes: LONG.length })
  t.ok((await fetched(store, 'f/1')).equals(LONG))
})

void t.test('a token that is refused is taken out anew', async (t) => {
  const cluster = anotherCluster()
  let signIns = 0
  const store = cluster.swiftStore(async () => {
    signIns += 1
    const session = await cluster.first()
    return session.kind === 'session' && signIns === 1 ? { ...session, token: 'stale' } : session
  })
  t.same(await store.write(CONTEXT, 'g/1', streamed([SHORT])), { sizeBytes: SHORT.length })
  t.equal(signIns, 2)
})

void t.test('a Swift that keeps other bytes than it was sent is not believed', async (t) => {
  const cluster = anotherCluster()
  const store = cluster.swiftStore()
  cluster.transport.register(ENDPOINT, async (request) => {
    const response = await cluster.handler(request)
    const isPart = request.method === 'PUT' && request.path.includes('h/1')
    return isPart ? { ...response, headers: { ...response.headers, etag: '0'.repeat(32) } } : response
  })
  t.match(await store.write(CONTEXT, 'h/1', streamed([SHORT])), { status: 503 })
})
