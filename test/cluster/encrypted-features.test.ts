/** What other features make of objects comes back whole, and lies sealed on the devices, when encryption is under them. */
import t, { type Test } from 'tap'
import type { SegmentWanted, Store } from '#store/contract.ts'
import { writeCopy } from '#store/copy/copy-object.ts'
import { openCopySource } from '#store/copy/copy-source.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import { withFeatures } from '#store/features.ts'
import { CONTAINER, get, list, makeContainer, pattern, put } from './actions.ts'
import { MemoryCluster } from './memory-cluster.ts'

const KEYS = new DerivedKeys(new Map([['', Buffer.alloc(32, 'the root secret')]]), '')

interface Sealed {
  readonly store: Store
  readonly context: MemoryCluster['context']
  /** The same objects as the devices have them. */
  readonly bare: MemoryCluster
}

async function start(t: Test): Promise<Sealed> {
  const bare = await MemoryCluster.start()
  t.teardown(() => bare.close())
  await makeContainer(bare)
  const { accounts, containers, objects } = bare.store
  const store = withFeatures(
    { accounts, containers, objects },
    { environment: bare.parts, timestamps: bare.timestamps, encryption: { keys: KEYS, writes: 'encrypted' } },
  )
  return { store, context: bare.context, bare }
}

function segment(name: string): SegmentWanted {
  return { kind: 'object', path: `/c/${name}`, etag: undefined, sizeBytes: undefined, range: undefined }
}

t.test('a large object of encrypted segments is read whole and in ranges', async (t) => {
  const sealed = await start(t)
  const bytes = pattern(200_000)
  for (const [nth, name] of ['s1', 's2'].entries()) {
    const part = bytes.subarray(nth * 100_000, (nth + 1) * 100_000)
    t.match(await put(sealed, name, part), { kind: 'created' })
  }
  t.match(await put(sealed, 'large', '', { segments: [segment('s1'), segment('s2')] }), { kind: 'created' })
  const whole = await get(sealed, 'large')
  t.ok(whole.bytes.equals(bytes))
  const range = await get(sealed, 'large', { conditions: { range: 'bytes=99990-100009' } })
  t.ok(range.bytes.equals(bytes.subarray(99_990, 100_010)))
  t.notOk((await get(sealed.bare, 's1')).bytes.includes(bytes.subarray(0, 32)), 'sealed on the devices')
  t.same((await list(sealed)).names, ['large', 's1', 's2'])
})

t.test('each version of an encrypted object is read, and a copy is made of an old one', async (t) => {
  const sealed = await start(t)
  const { store, context } = sealed
  t.match(await store.containers.post(context, CONTAINER, { 'x-versions-enabled': 'true' }), {
    kind: 'updated',
  })
  const first = await put(sealed, 'o', 'the first')
  t.match(first, { kind: 'created', versionId: String })
  const versionId = first.kind === 'created' ? first.versionId : undefined
  t.match(await put(sealed, 'o', 'the second'), { kind: 'created' })
  t.equal((await get(sealed, 'o')).bytes.toString(), 'the second')
  t.equal((await get(sealed, 'o', { versionId })).bytes.toString(), 'the first')
  const name = { ...CONTAINER, object: 'o' }
  const read = { conditions: {}, versionId }
  const source = await openCopySource(store, context, name, { read, limitBytes: 1000 })
  if (source.kind !== 'source') throw new Error(source.kind)
  const copied = { metadata: {}, contentType: 'text/plain', expectedEtag: undefined, limitBytes: 1000 }
  const copy = await writeCopy(store, context, { ...CONTAINER, object: 'copy' }, { source, put: copied })
  t.match(copy, { kind: 'created' })
  t.equal((await get(sealed, 'copy')).bytes.toString(), 'the first')
})
