/** Goal: a link is stored as Swift stores it, and told apart from what only looks like one. */
import fc from 'fast-check'
import t from 'tap'
import { objectPage } from '../listing-pages.ts'
import { withLinksTold } from './link-listing.ts'
import { EMPTY_MD5, linkIn, linkMetadata, ROW_ETAG, rowParametersIn, targetOf } from './link-metadata.ts'

const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const containers = names.filter((name) => !name.includes('/'))
const objects = names.filter((name) => !name.startsWith('/'))

/** The row that a container server lists of a link with these system metadata. */
function rowOf(metadata: ReturnType<typeof linkMetadata>): Record<string, unknown> {
  const row = { name: 'l', bytes: 0, hash: metadata[ROW_ETAG], content_type: 'text/plain', last_modified: '' }
  const page = withLinksTold(objectPage(Buffer.from(JSON.stringify([row])), 'complete'), 'AUTH_own')
  return (JSON.parse(page.json.toString()) as readonly Record<string, unknown>[])[0] ?? {}
}

t.test('a static link is stored as in OpenStack Swift', async (t) => {
  const etag = '5d41402abc4b2a76b9719d911017c592'
  const target = { account: 'AUTH_other', container: 'box', object: "a b(é)'" }
  const stored = linkMetadata({ ...target, etag, sizeBytes: 5, madeBy: 'client' })
  const path = 'box/a%20b%28%C3%A9%29%27'
  t.same(stored, {
    'x-object-sysmeta-symlink-target': path,
    'x-object-sysmeta-symlink-target-account': 'AUTH_other',
    'x-object-sysmeta-symlink-target-etag': etag,
    'x-object-sysmeta-symlink-target-bytes': '5',
    [ROW_ETAG]: `${EMPTY_MD5}; symlink_target=${path}; symlink_target_account=AUTH_other; symlink_target_etag=${etag}; symlink_target_bytes=5`,
  })
  t.match(rowOf(stored), {
    hash: EMPTY_MD5,
    symlink_path: `/v1/AUTH_other/${path}`,
    symlink_etag: etag,
    symlink_bytes: 5,
  })
})

t.test('a link says where it leads, whatever its target is called', async () => {
  fc.assert(
    fc.property(containers, objects, (container, object) => {
      const link = linkIn(linkMetadata({ container, object, madeBy: 'client' }))
      const target = link && targetOf({ account: 'a', container: 'c', object: 'o' }, link)
      return target?.account === 'a' && target.container === container && target.object === object
    }),
  )
})

t.test('only what the cluster made may lead to its own names', async (t) => {
  const own = linkMetadata({ container: '\0versions\0c', object: '\0o\0x', madeBy: 'cluster' })
  t.equal(linkIn(own)?.madeBy, 'cluster')
  t.equal(linkIn({ 'x-object-sysmeta-symlink-target': '%00versions%00c/o' })?.madeBy, 'client')
})

t.test('what is no link is none', async (t) => {
  t.equal(linkIn({}), undefined)
  for (const target of ['', 'box', '%ff/o']) {
    t.equal(linkIn({ 'x-object-sysmeta-symlink-target': target }), undefined)
  }
})

t.test(
  'the row of a link keeps what the row of its target says of a large object, and nothing of links',
  async (t) => {
    t.equal(rowParametersIn({ [ROW_ETAG]: 'abc; slo_etag=def; symlink_target=x/y' }), '; slo_etag=def')
    t.equal(rowParametersIn({ 'x-object-sysmeta-slo-etag': 'def' }), '; slo_etag=def')
    t.equal(rowParametersIn({}), '')
    const stored = linkMetadata({
      container: 'c',
      object: 'o',
      madeBy: 'client',
      rowParameters: '; slo_etag=def',
    })
    t.match(rowOf(stored), { hash: `${EMPTY_MD5}; slo_etag=def`, symlink_path: '/v1/AUTH_own/c/o' })
  },
)
