/** Our proxy and a container that Swift's sharder splits while it is in use. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Test } from 'tap'
import { hashName } from '#base/names.ts'
import type { ReferenceSwift } from '#bench/reference-swift.ts'
import { REFERENCE_SALT } from '#bench/reference-swift-config.ts'
import { inParallel, OTHER_TENANT, Session, until } from '#test/session.ts'

const OBJECTS = 30
const ROWS_PER_SHARD = 10
const PASSES_MAX = 4

/** Object names in order, with a directory for the delimiter. */
const NAMES = Array.from(
  { length: OBJECTS },
  (_, at) => `${at < 15 ? 'a/' : ''}o${String(at).padStart(3, '0')}`,
)

export async function useShardedContainer(t: Test, url: string, swift: ReferenceSwift): Promise<void> {
  const session = await Session.signIn(url, OTHER_TENANT)
  await session.request('PUT', '/big')
  await inParallel(NAMES.length, 4, async (at) => {
    await session.request('PUT', `/big/${NAMES[at]}`, { body: Buffer.from(String(at)) })
  })
  await split(swift)
  await t.test('while it is being split', async (t) => {
    await shard(swift)
    t.notOk(isSplitEverywhere(swift), 'it takes more than one pass')
    t.same(await namesIn(session, ''), NAMES)
    // In a range that has its shard already; what goes to the others is listed when they have theirs, as in Swift.
    await putAndDelete(t, session, 'a/o005-early')
  })
  for (let pass = 1; pass < PASSES_MAX && !isSplitEverywhere(swift); pass += 1) await shard(swift)
  t.ok(isSplitEverywhere(swift), 'it is split')
  await t.test('listed whole, in part, and backwards', (t) => listing(t, session))
  await t.test('new rows and old ones that go', (t) => writing(t, session))
}

async function listing(t: Test, session: Session): Promise<void> {
  const shown = (query: string): Promise<readonly string[]> => namesIn(session, query)
  t.same(await shown(''), NAMES)
  t.same(await shown('reverse=on'), NAMES.toReversed())
  t.same(await shown('limit=12&marker=a/o005'), NAMES.slice(6, 18))
  t.same(await shown('limit=12&reverse=on&marker=o020'), NAMES.slice(8, 20).toReversed())
  t.same(await shown('marker=a/o008&end_marker=o022'), NAMES.slice(9, 22))
  t.same(await shown('prefix=o01'), NAMES.slice(15, 20))
  t.same(await shown('delimiter=/'), ['a/', ...NAMES.slice(15)])
  t.same(await shown('prefix=a/&delimiter=/'), NAMES.slice(0, 15))
  const answer = await session.request('GET', '/big')
  t.equal(answer.headers['x-listing-consistency'], 'eventual', "Swift's servers prove nothing")
  t.equal(answer.headers['x-container-object-count'], String(OBJECTS))
}

async function writing(t: Test, session: Session): Promise<void> {
  await putAndDelete(t, session, 'a/o005-new')
  await putAndDelete(t, session, 'o029-new')
  for (const gone of ['o029', 'a/o000']) {
    t.equal((await session.request('DELETE', `/big/${gone}`)).status, 204)
  }
  await until(t, 'deleted objects are not listed', async () => {
    return (await namesIn(session, '')).join() === NAMES.slice(1, -1).join()
  })
  t.equal(
    (await session.request('DELETE', '/big')).status,
    409,
    'a container whose shards hold objects stays',
  )
}

async function putAndDelete(t: Test, session: Session, name: string): Promise<void> {
  const path = `/big/${name}`
  const isListed = async (): Promise<boolean> => (await namesIn(session, '')).includes(name)
  t.equal((await session.request('PUT', path, { body: Buffer.from('new') })).status, 201)
  await until(t, `${name} is listed`, isListed)
  const changed = await session.request('POST', path, { headers: { 'content-type': 'text/x-new' } })
  t.equal(changed.status, 202)
  t.equal((await session.request('GET', path)).body.toString(), 'new')
  t.equal((await session.request('DELETE', path)).status, 204)
  await until(t, `${name} is listed no more`, async () => !(await isListed()))
}

async function namesIn(session: Session, query: string): Promise<readonly string[]> {
  const { body } = await session.request('GET', `/big?format=json&${query}`)
  const rows = JSON.parse(body.toString()) as readonly { readonly name?: string; readonly subdir?: string }[]
  return rows.map(({ name, subdir }) => name ?? subdir ?? '')
}

/** Finds shard ranges in one replica, as the user whose files they are, and lets the sharder split the container. */
async function split(swift: ReferenceSwift): Promise<void> {
  const [database = ''] = databases(swift)
  const command = [
    '--force-commits',
    database,
    'find_and_replace',
    String(ROWS_PER_SHARD),
    '--force',
    '--enable',
  ]
  await swift.run('runuser', ['-u', 'swift', '--', 'swift-manage-shard-ranges', ...command])
}

/** One pass over all devices; each cleaves a few ranges. */
async function shard(swift: ReferenceSwift): Promise<void> {
  await swift.run('swift-container-sharder', [join(swift.etcFolder, 'container-server.conf'), '--once'])
}

/** A database that was split has only the file of its new epoch, `<hash>_<timestamp>.db`. */
function isSplitEverywhere(swift: ReferenceSwift): boolean {
  return databases(swift).every((path) => basename(path).includes('_'))
}

/** The database files of all replicas of the container. */
function databases(swift: ReferenceSwift): readonly string[] {
  const hash = hashName({ account: 'AUTH_test2', container: 'big' }, REFERENCE_SALT)
  const node = join(swift.etcFolder, '..', 'node')
  return readdirSync(node, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.includes(`/${hash}/${hash}`) && path.endsWith('.db'))
    .map((path) => join(node, path))
}
