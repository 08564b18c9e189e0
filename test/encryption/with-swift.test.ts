/**
 * Encryption with OpenStack Swift at hand: its proxy and ours stand before the same storage servers with the same root
 * secrets. What one wrote the other reads, also under a secret that is not the active one any more.
 */
import { createHash, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { startReferenceSwift } from '#bench/reference-swift.ts'
import { importedRings, startOurProxy } from '#test/compatibility/our-side.ts'
import { haveRealSwift } from '#test/compatibility/real-swift.ts'
import { takePlace } from '#test/place.ts'
import { type Answer, Session, TESTER, until } from '#test/session.ts'

t.setTimeout(600_000)

const OLD = randomBytes(32).toString('base64')
const NEW = randomBytes(48).toString('base64')
const PIPELINE =
  'catch_errors gatekeeper healthcheck proxy-logging cache listing_formats tempauth copy slo dlo versioned_writes symlink keymaster encryption proxy-logging'
const KEYMASTER = [
  'use = egg:swift#keymaster',
  `encryption_root_secret = ${OLD}`,
  `encryption_root_secret_new = ${NEW}`,
  'active_root_secret_id = new',
]
/** Ours writes under the old secret, Swift under the new one. */
const ENCRYPTION = `[encryption]\nroot_secrets = ["${OLD}", "new ${NEW}"]\nactive_root_secret_id = ""\n`

const SMALL = randomBytes(1_000)
const LARGE = randomBytes(300_000)

t.test("Swift's proxy and ours read what the other encrypted", async (t) => {
  if (!haveRealSwift(t)) return
  const place = takePlace()
  t.teardown(() => place.release())
  const { home, port, backendPort } = place
  const swift = await startReferenceSwift({
    home,
    port,
    backendPort,
    workers: 1,
    devices: 'plain',
    daemons: 'none',
    pipeline: PIPELINE.split(' '),
    filters: { keymaster: KEYMASTER, encryption: ['use = egg:swift#encryption'] },
  })
  t.teardown(() => swift.stop())
  const rings = await importedRings(t, swift.etcFolder)
  const ours = await Session.signIn(await startOurProxy(t, rings, place.internalPort, ENCRYPTION), TESTER)
  const theirs = await Session.signIn(swift.url, TESTER)
  const plain = await Session.signIn(await startOurProxy(t, rings, place.internalPort + 1), TESTER)
  await t.test('written by ours', (t) => across(t, 'ours', ours, theirs, plain))
  await t.test('written by Swift', (t) => across(t, 'theirs', theirs, ours, plain))
})

async function across(
  t: Test,
  container: string,
  writer: Session,
  reader: Session,
  plain: Session,
): Promise<void> {
  await writer.request('PUT', `/${container}`)
  for (const [name, body] of [
    ['small', SMALL],
    ['l%C3%A4rge', LARGE],
    ['empty', Buffer.alloc(0)],
  ] as const) {
    await oneObject(t, `/${container}/${name}`, body, writer, reader)
  }
  await joined(t, container, writer, reader)
  await listings(t, container, writer, reader)
  const stored = await plain.request('GET', `/${container}/small`)
  t.notOk(stored.body.equals(SMALL), 'who has not the secret reads nothing')
  t.notMatch(JSON.stringify(stored.headers), /blue|caf/)
}

async function oneObject(
  t: Test,
  path: string,
  body: Buffer,
  writer: Session,
  reader: Session,
): Promise<void> {
  const etag = md5(body)
  const own = { 'x-object-meta-colour': 'blue', 'x-object-meta-place': 'caf\u00c3\u00a9', etag }
  t.equal((await writer.request('PUT', path, { body, headers: own })).headers['etag'], etag)
  const read = await reader.request('GET', path)
  t.ok(read.body.equals(body), `${path} is the same`)
  t.same(shown(read), [etag, 'blue', 'caf\u00c3\u00a9'])
  t.notMatch(JSON.stringify(read.headers), /crypto/)
  const conditional = async (headers: Record<string, string>): Promise<number> =>
    (await reader.request('GET', path, { headers })).status
  t.equal(await conditional({ 'if-none-match': etag }), 304)
  t.equal(await conditional({ 'if-match': md5('other') }), 412)
  if (body.length > 0) {
    const range = await reader.request('GET', path, { headers: { range: 'bytes=37-612' } })
    t.ok(range.body.equals(body.subarray(37, 613)), 'a range')
    const several = await reader.request('GET', path, { headers: { range: 'bytes=1-5,700-799' } })
    t.ok(several.body.includes(body.subarray(700, 800)), 'several ranges')
  }
  t.equal((await reader.request('POST', path, { headers: { 'x-object-meta-colour': 'red' } })).status, 202)
  t.same(shown(await writer.request('HEAD', path)), [etag, 'red', undefined])
}

/** A large object: the ETags in its manifest are those of the plain segments. */
async function joined(t: Test, container: string, writer: Session, reader: Session): Promise<void> {
  await writer.request('PUT', `/${container}/1`, { body: LARGE })
  await writer.request('PUT', `/${container}/2`, { body: SMALL })
  const segment = (name: string, body: Buffer) => ({
    path: `/${container}/${name}`,
    etag: md5(body),
    size_bytes: body.length,
  })
  const manifest = Buffer.from(JSON.stringify([segment('1', LARGE), segment('2', SMALL)]))
  t.equal(
    (await writer.request('PUT', `/${container}/all?multipart-manifest=put`, { body: manifest })).status,
    201,
  )
  const read = await reader.request('GET', `/${container}/all`)
  t.ok(read.body.equals(Buffer.concat([LARGE, SMALL])), 'a large object')
  const etag = String(read.headers['etag']).replaceAll('"', '')
  t.equal(
    (await reader.request('GET', `/${container}/all`, { headers: { 'if-none-match': etag } })).status,
    304,
  )
}

async function listings(t: Test, container: string, writer: Session, reader: Session): Promise<void> {
  const page = async (session: Session): Promise<string> =>
    JSON.stringify(JSON.parse((await session.request('GET', `/${container}?format=json`)).body.toString()))
  await until(t, 'both list the same', async () => {
    const [one, other] = await Promise.all([page(writer), page(reader)])
    return (
      one === other && one.includes(md5(SMALL)) && one.includes(md5(LARGE)) && !one.includes('swift_meta')
    )
  })
}

function shown({ headers }: Answer): readonly unknown[] {
  return ['etag', 'x-object-meta-colour', 'x-object-meta-place'].map((name) => headers[name])
}

function md5(bytes: Buffer | string): string {
  return createHash('md5').update(bytes).digest('hex')
}
