/**
 * Encryption over the real storage servers: clients notice nothing, and the devices hold nothing of what they wrote.
 */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody } from '#http/message.ts'
import { MimeReader } from '#http/mime-reader.ts'
import { parseContentRange } from '#http/ranges.ts'
import type { WriteCondition } from '#store/condition.ts'
import type { Store } from '#store/contract.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import { encryptionLayer } from '#store/encryption/encryption-layer.ts'
import { CONTAINER, get, makeContainer, named, pattern, put, streamed } from './actions.ts'
import { MemoryCluster } from './memory-cluster.ts'

const ONE = Buffer.alloc(32, 'the first root secret')
const TWO = Buffer.alloc(40, 'the second root secret')
const BOTH = new Map([
  ['', ONE],
  ['2026', TWO],
])
const SECRET = 'nobody may read this'
const LISTED_ETAG = 'x-object-sysmeta-container-update-override-etag'

interface Encrypted {
  readonly cluster: MemoryCluster
  readonly context: MemoryCluster['context']
  readonly store: Store
}

async function startCluster(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  return cluster
}

let seed = 0

function encrypted(
  cluster: MemoryCluster,
  secrets: ReadonlyMap<string, Buffer> = new Map([['', ONE]]),
  active = '',
  writes: 'encrypted' | 'off' = 'encrypted',
): Encrypted {
  const keys = new DerivedKeys(secrets, active)
  seed += 1
  const layer = encryptionLayer({ random: new SeededRandom(seed), keys, writes })
  return { cluster, context: cluster.context, store: layer(cluster.store) }
}

function md5(bytes: Buffer | string): string {
  return createHash('md5').update(bytes).digest('hex')
}

async function listed({ store, context }: Encrypted): Promise<ReadonlyMap<string, string>> {
  const read = await store.containers.read(context, CONTAINER, { listing: { limit: 100, reverse: false } })
  if (read.kind !== 'found' || read.page === undefined) throw new Error(read.kind)
  const rows = JSON.parse(read.page.json.toString()) as readonly {
    readonly name: string
    readonly hash: string
  }[]
  const entries = read.page.entries().flatMap((entry) => (entry.kind === 'object' ? [entry] : []))
  if (JSON.stringify(rows.map(({ hash }) => hash)) !== JSON.stringify(entries.map(({ etag }) => etag))) {
    throw new Error('the page says two things')
  }
  return new Map(rows.map(({ name, hash }) => [name, hash]))
}

await t.test('small and large objects come back, and listings show their ETags', async (t) => {
  const proxy = encrypted(await startCluster(t))
  const large = pattern(300_001)
  for (const [name, body] of [
    ['small', Buffer.from(SECRET)],
    ['empty', Buffer.alloc(0)],
    ['large', large],
    ['streamed', large],
  ] as const) {
    const receipt = await put(proxy, name, name === 'streamed' ? streamed(body) : body)
    t.match(receipt, { kind: 'created', etag: md5(body), sizeBytes: body.length }, name)
    const read = await get(proxy, name)
    t.ok(read.bytes.equals(body), `${name} comes back`)
    t.equal(read.headers['etag'], `"${md5(body)}"`)
    t.notOk(
      Object.keys(read.headers).some((header) => header.includes('crypto')),
      'nothing of the encryption is shown',
    )
  }
  t.same(Object.entries(Object.fromEntries(await listed(proxy))), [
    ['empty', md5('')],
    ['large', md5(large)],
    ['small', md5(SECRET)],
    ['streamed', md5(large)],
  ])
})

await t.test('the devices hold nothing of body, metadata or ETag', async (t) => {
  const cluster = await startCluster(t)
  const proxy = encrypted(cluster)
  await put(proxy, 'o', SECRET, { metadata: { 'x-object-meta-colour': 'a secret colour' } })
  const stored = await get({ context: cluster.context, store: cluster.store }, 'o')
  const seen = JSON.stringify(stored.headers) + stored.bytes.toString('latin1')
  for (const text of [SECRET, 'a secret colour', md5(SECRET)]) t.notOk(seen.includes(text), text)
  t.equal(stored.bytes.length, SECRET.length)
  const rows = await listed({ cluster, context: cluster.context, store: cluster.store })
  t.match(rows.get('o'), /^[A-Za-z0-9+/]+=*; swift_meta=/)
})

await t.test('ranges begin anywhere', async (t) => {
  const proxy = encrypted(await startCluster(t))
  const body = pattern(1_100_000)
  await put(proxy, 'o', streamed(body, body.length))
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=15-16', 15, 17],
    ['bytes=16-', 16, body.length],
    ['bytes=1048570-1048590', 1_048_570, 1_048_591],
    ['bytes=-7', body.length - 7, body.length],
  ] as const) {
    const read = await get(proxy, 'o', { conditions: { range } })
    t.ok(read.bytes.equals(body.subarray(start, end)), range)
  }
  t.equal((await get(proxy, 'o', { conditions: { range: 'bytes=9999999-' } })).kind, 'range_unsatisfiable')
})

await t.test('several ranges in one answer are each decrypted', async (t) => {
  const proxy = encrypted(await startCluster(t))
  const body = pattern(200_000)
  await put(proxy, 'o', body)
  const read = await get(proxy, 'o', { conditions: { range: 'bytes=3-40,100001-100100' } })
  t.equal(read.bytes.length, Number(read.headers['content-length']))
  const boundary = /boundary=(.*)$/.exec(read.headers['content-type'] ?? '')?.[1] ?? ''
  const reader = new MimeReader(bufferBody(read.bytes), boundary)
  let parts = 0
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    const chunks: Buffer[] = []
    for await (const chunk of part.body) chunks.push(Buffer.from(chunk))
    const { start, end } = parseContentRange(part.headers['content-range'])?.range ?? { start: 0, end: 0 }
    t.ok(Buffer.concat(chunks).equals(body.subarray(start, end)), `${start}-${end}`)
    parts += 1
  }
  t.equal(parts, 2)
})

await t.test('conditions are about the plain ETag, whichever secret it was written under', async (t) => {
  const cluster = await startCluster(t)
  const before = encrypted(cluster)
  const after = encrypted(cluster, BOTH, '2026')
  await put(before, 'o', SECRET)
  await put({ context: cluster.context, store: cluster.store }, 'plain', SECRET)
  for (const name of ['o', 'plain']) {
    const kind = async (conditions: Record<string, string>): Promise<string> =>
      (await get(after, name, { conditions })).kind
    t.equal(await kind({ 'if-match': `"${md5(SECRET)}"` }), 'found')
    t.equal(await kind({ 'if-match': `"x", ${md5(SECRET)}` }), 'found')
    t.equal(await kind({ 'if-match': '"x"' }), 'precondition_failed')
    t.equal(await kind({ 'if-match': '*' }), 'found')
    t.equal(await kind({ 'if-none-match': md5(SECRET) }), 'not_modified')
    t.equal(await kind({ 'if-none-match': '"x"' }), 'found')
  }
  const failed = await get(after, 'o', { conditions: { 'if-match': '"x"' } })
  t.equal(failed.headers['etag'], `"${md5(SECRET)}"`)
})

await t.test('conditional writes hold under encryption', async (t) => {
  const proxy = encrypted(await startCluster(t))
  const condition = (etags: string): WriteCondition => ({ kind: 'matches', etags })
  await put(proxy, 'o', 'first', { condition: { kind: 'absent' } })
  t.match(await put(proxy, 'o', 'again', { condition: { kind: 'absent' } }), { kind: 'precondition_failed' })
  t.match(await put(proxy, 'o', 'wrong', { condition: condition(md5('no')) }), {
    kind: 'precondition_failed',
  })
  t.match(await put(proxy, 'o', 'second', { condition: condition(md5('first')) }), {
    kind: 'created',
    etag: md5('second'),
    condition: 'agreed',
  })
  const large = pattern(200_000)
  t.match(await put(proxy, 'o', streamed(large), { condition: condition(md5('second')) }), {
    kind: 'created',
  })
  t.ok((await get(proxy, 'o')).bytes.equals(large))
  t.equal((await listed(proxy)).get('o'), md5(large))
  const { store, context } = proxy
  const remove = (etags: string) => store.objects.delete(context, named('o'), { condition: condition(etags) })
  t.match(await remove(md5('first')), { kind: 'precondition_failed' })
  t.match(await remove(md5(large)), { kind: 'deleted' })
})

await t.test('a body that is not what its ETag says is not stored', async (t) => {
  const proxy = encrypted(await startCluster(t))
  for (const body of ['small', streamed(pattern(200_000))]) {
    t.match(await put(proxy, 'o', body, { expectedEtag: md5('other') }), { kind: 'etag_mismatch' })
  }
  t.equal((await get(proxy, 'o')).kind, 'no_such_object')
  t.match(await put(proxy, 'o', 'right', { expectedEtag: md5('right') }), { kind: 'created' })
})

await t.test('user metadata is replaced by a POST, and the ETag in the listing stays', async (t) => {
  const proxy = encrypted(await startCluster(t), BOTH, '')
  const { store, context, cluster } = proxy
  const metadata = {
    'x-object-meta-a': 'caf\u00c3\u00a9',
    'x-object-meta-empty': '',
    'x-object-sysmeta-b': 'c',
  }
  await put(proxy, 'o', SECRET, { metadata })
  t.match((await get(proxy, 'o')).headers, {
    'x-object-meta-a': 'caf\u00c3\u00a9',
    'x-object-sysmeta-b': 'c',
  })
  const rotated = encrypted(cluster, BOTH, '2026')
  await rotated.store.objects.post(context, named('o'), {
    metadata: { 'x-object-meta-new': 'value' },
    contentType: 'text/html',
  })
  const { headers, bytes } = await get({ context, store }, 'o')
  t.equal(bytes.toString(), SECRET)
  t.match(headers, { 'x-object-meta-new': 'value', 'content-type': 'text/html', etag: `"${md5(SECRET)}"` })
  t.equal(headers['x-object-meta-a'], undefined)
  t.equal((await listed(proxy)).get('o'), md5(SECRET))
})

await t.test('an ETag of its own in the listing is encrypted, too, and read back', async (t) => {
  const proxy = encrypted(await startCluster(t))
  const own = `${md5('parts')}; slo_etag=${md5('etags')}`
  await put(proxy, 'manifest', SECRET, { metadata: { [LISTED_ETAG]: own } })
  t.equal((await listed(proxy)).get('manifest'), own)
  t.equal((await get(proxy, 'manifest')).headers[LISTED_ETAG], own)
})

await t.test(
  'keys rotate: what was written before is read, and what is gone is given to nobody',
  async (t) => {
    const cluster = await startCluster(t)
    await put(encrypted(cluster), 'old', SECRET)
    const both = encrypted(cluster, BOTH, '2026')
    await put(both, 'new', SECRET)
    for (const name of ['old', 'new']) t.equal((await get(both, name)).bytes.toString(), SECRET)
    const onlyNew = encrypted(cluster, new Map([['2026', TWO]]), '2026')
    t.equal((await get(onlyNew, 'new')).bytes.toString(), SECRET)
    const lost = await get(onlyNew, 'old')
    t.equal(lost.kind, 'unreadable')
    t.same(Object.fromEntries(await listed(onlyNew)), { new: md5(SECRET), old: '<unknown>' })
  },
)

await t.test('switched off, it still reads what is encrypted, and what it writes is plain', async (t) => {
  const cluster = await startCluster(t)
  await put(encrypted(cluster), 'o', SECRET)
  const off = encrypted(cluster, undefined, undefined, 'off')
  t.equal((await get(off, 'o')).bytes.toString(), SECRET)
  const condition: WriteCondition = { kind: 'matches', etags: md5(SECRET) }
  t.match(await put(off, 'o', 'plain again', { condition }), { kind: 'created' })
  t.equal(
    (await get({ context: cluster.context, store: cluster.store }, 'o')).bytes.toString(),
    'plain again',
  )
})
