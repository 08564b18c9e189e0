/** Uploads in parts where everything is encrypted at rest: they are completed, read and cleaned up as in the clear. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { PartsChecker } from '#expirer/parts-checker.ts'
import { StoreRemover } from '#expirer/remover.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import { DerivedKeys } from '#store/encryption/derived-keys.ts'
import { encryptionLayer } from '#store/encryption/encryption-layer.ts'
import { withFeatures } from '#store/features.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import { CONTAINER, get, named } from './actions.ts'
import { pass } from './expirers.ts'
import { MemoryCluster } from './memory-cluster.ts'
import { PARTS } from './uploads.ts'

t.test('parts of an encrypted object, and what was not named', async (t) => {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  t.teardown(() => cluster.close())
  const { context, timestamps } = cluster
  const environment = { clock: realClock, random: new SeededRandom(5) }
  const encryption = {
    keys: new DerivedKeys(new Map([['', Buffer.alloc(32, 1)]]), ''),
    writes: 'encrypted',
  } as const
  const { deferPartsCheck } = cluster.store
  const store = withFeatures(cluster.store, { environment, timestamps, deferPartsCheck, encryption })
  const uploads = new MultipartUploads({ store, ...environment, timestamps, checkParts: deferPartsCheck })
  await store.containers.put(context, CONTAINER, { changes: {}, policyIndex: undefined })
  const begun = await uploads.begin(context, named('o'), {
    contentType: 'text/plain',
    metadata: {},
    summary: 'mine',
  })
  const uploadId = begun.kind === 'begun' ? begun.uploadId : ''
  const parts = await Promise.all(
    ['hello ', 'world', 'unnamed'].map(async (text, at) => {
      const body = bufferBody(Buffer.from(text))
      const part = { number: at + 1, body, expectedEtag: undefined, limitBytes: 100 }
      const checked = { ...part, atEnd: () => ({ checksum: `CRC32:${text.length}` }) }
      const stored = await uploads.putPart(context, { name: named('o'), uploadId }, checked)
      return { number: at + 1, etag: stored.kind === 'stored' ? stored.etag : stored.kind }
    }),
  )
  const listed = await uploads.parts(context, { name: named('o'), uploadId })
  t.match(listed, { parts: [{ checksum: 'CRC32:6' }, { checksum: 'CRC32:5' }, { checksum: 'CRC32:7' }] })
  t.match(await uploads.list(context, CONTAINER, { prefix: '', limit: 10 }), {
    entries: [{ summary: 'mine' }],
  })
  const completed = await uploads.complete<never>(context, {
    name: named('o'),
    uploadId,
    parts: parts.slice(0, 2),
    partBytesMin: 1,
    describe: () => ({ kind: 'described', metadata: {} }),
  })
  t.equal(completed.kind, 'completed')
  t.equal((await get({ store, context }, 'o')).bytes.toString(), 'hello world')
  const others = new StoreRemover({
    parts: cluster.parts,
    containers: cluster.store.containers,
    log: silentLogger,
  })
  const decrypted = encryptionLayer({ random: environment.random, ...encryption })(cluster.store)
  const remover = new PartsChecker({ store: decrypted, others, log: silentLogger })
  await pass(cluster, cluster.devices, { remover })
  const count = async (): Promise<number> => {
    const read = await cluster.store.containers.read(context, PARTS, {
      listing: { limit: 10, reverse: false },
    })
    return read.kind === 'found' ? (read.page?.entries().length ?? 0) : 0
  }
  t.equal(await count(), 2, 'what was not named goes')
  const read = await store.objects.read(context, named('o'), {
    method: 'GET',
    conditions: { range: 'bytes=4-7' },
    newest: true,
  })
  t.equal(read.kind === 'found' && (await readWhole(read.body, 100)).toString(), 'o wo')
  await store.objects.delete(context, named('o'), {})
  await pass(cluster, cluster.devices, { remover })
  t.equal(await count(), 0)
})
