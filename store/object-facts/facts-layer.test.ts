import t, { type Test } from 'tap'
import { FACT_PREFIX } from '#base/extensions.ts'
import { silentLogger } from '#base/log.ts'
import type { ContainerInfo, ObjectPost, ObjectReadOutcome, Store } from '../contract.ts'
import { objectFactsLayer } from './facts-layer.ts'

const CONTEXT = { txId: 'tx-test', signal: undefined, log: silentLogger }
const NAME = { account: 'AUTH_test', container: 'c', object: 'o' }
const TAGS = `${FACT_PREFIX}tags`
const POST: ObjectPost = { metadata: { 'x-object-meta-colour': 'blue' }, contentType: undefined }

/** A store of one bucket with one object, and what was posted to it. */
function storeThatReads(read: ObjectReadOutcome): { readonly store: Store; readonly posted: ObjectPost[] } {
  const posted: ObjectPost[] = []
  const info = { metadata: { 'x-container-sysmeta-s3-settings': '1' } } as Partial<ContainerInfo>
  const store = {
    accounts: {},
    containers: { info: async () => info },
    objects: {
      read: async () => read,
      post: async (_context: unknown, _name: unknown, post: ObjectPost) => {
        posted.push(post)
        return { kind: 'accepted', timestamp: '0000000001.00000' }
      },
    },
  }
  return { store: objectFactsLayer(store as unknown as Store), posted }
}

function headOf(headers: Record<string, string>): ObjectReadOutcome {
  return { kind: 'found', status: 200, headers, body: undefined }
}

t.test('a POST through Swift keeps what S3 keeps of the object', async (t: Test) => {
  const { store, posted } = storeThatReads(headOf({ [TAGS]: 'a=b' }))
  t.match(await store.objects.post(CONTEXT, NAME, POST), { kind: 'accepted' })
  t.same(posted[0]?.metadata, { ...POST.metadata, [TAGS]: 'a=b' })
})

t.test('nothing is written over what cannot be read at the moment', async (t: Test) => {
  const { store, posted } = storeThatReads({ kind: 'unavailable', reason: 'two of three are away' })
  t.match(await store.objects.post(CONTEXT, NAME, POST), { kind: 'unavailable' })
  t.same(posted, [])
})
