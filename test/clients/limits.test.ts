/** Bulk requests, quotas, rates and read-only accounts of a running cluster of four processes, with the clients people use. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { bunzip2 } from '#proxy/bulk/bzip2/bunzip2.ts'
import { havePrograms, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { inParallel, OTHER_TENANT, Session, TESTER } from '#test/session.ts'
import { swiftEnvironment } from './client-settings.ts'

t.setTimeout(600_000)

const RESELLER = { user: 'admin:admin', key: 'admin' } as const

async function statuses(
  count: number,
  upload: (at: number) => Promise<{ readonly status: number }>,
): Promise<Readonly<Record<number, number>>> {
  const counts: Record<number, number> = {}
  await inParallel(count, count, async (at) => {
    const { status } = await upload(at)
    counts[status] = (counts[status] ?? 0) + 1
  })
  return counts
}

async function* pieces(bytes: number): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; left -= 10_000) yield Buffer.alloc(Math.min(left, 10_000))
}

t.test('a cluster holds its clients back', async (t) => {
  const { url } = await startCluster(t)
  const tester = await Session.signIn(url, TESTER)
  const other = await Session.signIn(url, OTHER_TENANT)
  const reseller = await Session.signIn(url, RESELLER)
  const asReseller = (
    account: Session,
    headers: Readonly<Record<string, string>>,
  ): ReturnType<Session['request']> =>
    account.request('POST', '', { headers: { ...headers, 'x-auth-token': reseller.token } })

  await t.test('uploads at once through all processes fill a container and no more', async (t) => {
    await tester.request('PUT', '/full', { headers: { 'x-container-meta-quota-bytes': '200000' } })
    const body = Buffer.alloc(10_000)
    t.same(await statuses(40, (at) => tester.request('PUT', `/full/${at}`, { body })), { 201: 20, 413: 20 })
    const { headers } = await tester.request('HEAD', '/full')
    t.equal(headers['x-container-bytes-used'], '200000')
  })

  await t.test('uploads of unknown length end where the quota does', async (t) => {
    await tester.request('PUT', '/flow', { headers: { 'x-container-meta-quota-bytes': '100000' } })
    const refused = await tester.request('PUT', '/flow/too-long', { body: pieces(3_000_000) })
    t.equal(refused.status, 413)
    t.equal(String(refused.body), 'Upload exceeds quota.')
    t.equal((await tester.request('PUT', '/flow/fits', { body: pieces(100_000) })).status, 201)
    t.equal((await tester.request('GET', '/flow')).body.toString(), 'fits\n')
  })

  await t.test('an account’s quota holds over its containers, whatever they have reported', async (t) => {
    await other.request('PUT', '/a')
    await other.request('PUT', '/b')
    t.equal((await asReseller(other, { 'x-account-quota-bytes': '1000' })).status, 204)
    t.equal((await other.request('POST', '', { headers: { 'x-account-quota-bytes': '9' } })).status, 403)
    const into = (at: number): string => `/${at % 2 === 0 ? 'a' : 'b'}/${at}`
    const body = Buffer.alloc(100)
    t.same(await statuses(20, (at) => other.request('PUT', into(at), { body })), { 201: 10, 413: 10 })
    t.equal((await other.request('HEAD', '')).headers['x-account-quota-bytes'], '1000')
    const headers = { 'x-auth-token': reseller.token }
    t.equal((await other.request('PUT', '/a/by-reseller', { body, headers })).status, 201)
    await asReseller(other, { 'x-remove-account-quota-bytes': 'x' })
  })

  await t.test('the writes of an account keep to its rate in all processes together', async (t) => {
    await asReseller(other, { 'x-account-global-write-ratelimit': '20' })
    const begunMs = performance.now()
    const written = await statuses(21, (at) =>
      other.request('PUT', `/a/slow-${at}`, { body: Buffer.from('x') }),
    )
    t.same(written, { 201: 21 })
    t.ok(performance.now() - begunMs > 900, 'twenty intervals of a twentieth of a second')
    await asReseller(other, { 'x-account-global-write-ratelimit': 'BLACKLIST' })
    const shutOut = await other.request('GET', '/a')
    t.equal(shutOut.status, 497)
    t.equal(String(shutOut.body), 'Your account has been blacklisted')
    await asReseller(other, { 'x-account-global-write-ratelimit': '' })
  })

  await t.test('a read-only account or container is read, and not written', async (t) => {
    await asReseller(other, { 'x-account-read-only': 'true' })
    const refused = await other.request('PUT', '/a/late', { body: Buffer.from('x') })
    t.equal(refused.status, 405)
    t.equal(String(refused.body), 'Writes are disabled for this account.')
    t.equal((await other.request('DELETE', '/a/by-reseller')).status, 405)
    t.equal((await other.request('POST', '/b')).status, 405)
    t.equal((await other.request('GET', '/a/by-reseller')).status, 200)
    const headers = { 'x-auth-token': reseller.token }
    await other.request('POST', '/b', { headers: { ...headers, 'x-container-read-only': 'false' } })
    t.equal((await other.request('PUT', '/b/exempt', { body: Buffer.from('x') })).status, 201)
    t.equal((await asReseller(other, { 'x-account-read-only': '' })).status, 204)
    t.equal((await other.request('DELETE', '/a/by-reseller')).status, 204)
  })

  await t.test('python-swiftclient sets quotas, shows what there is, and deletes in bulk', (t) =>
    withSwiftClient(t, url),
  )
  await t.test('archives of GNU tar become objects with their attributes', (t) => withTar(t, tester))
})

async function withSwiftClient(t: Test, url: string): Promise<void> {
  if (!havePrograms(t, 'swift')) return
  const directory = temporaryDirectory(t)
  const swiftAs = (who: typeof TESTER | typeof RESELLER, ...args: string[]): Promise<string> =>
    runWell('swift', args, { environment: swiftEnvironment(url, who), directory })
  const capabilities = await swiftAs(TESTER, 'capabilities')
  for (const section of ['bulk_upload', 'bulk_delete', 'container_quotas', 'account_quotas', 'etag_quoter']) {
    t.match(capabilities, new RegExp(`Additional middleware: ${section}`))
  }
  t.match(capabilities, /max_deletes_per_request: 10000/)
  const account = ['--os-storage-url', `${url}/v1/AUTH_test`]
  await swiftAs(RESELLER, ...account, 'post', '-H', 'X-Account-Meta-Quota-Bytes: 123456789')
  t.match(await swiftAs(TESTER, 'stat'), /Meta Quota-Bytes: 123456789/)
  await swiftAs(RESELLER, ...account, 'post', '-m', 'Quota-Bytes:')
  for (const name of ['one', 'two', 'three']) writeFileSync(join(directory, name), name)
  await swiftAs(TESTER, 'upload', 'in-bulk', 'one', 'two', 'three')
  // It deletes in bulk what would be two requests per thread.
  const debug = await runWell('sh', ['-c', 'swift --debug delete --object-threads 1 in-bulk 2>&1'], {
    environment: swiftEnvironment(url),
    directory,
  })
  t.ok(debug.includes('POST /v1/AUTH_test?bulk-delete'))
  t.notMatch(await swiftAs(TESTER, 'list'), /in-bulk/)
}

async function withTar(t: Test, tester: Session): Promise<void> {
  if (!havePrograms(t, 'tar', 'bzip2')) return
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'site/images'), { recursive: true })
  writeFileSync(join(directory, 'site/index.html'), '<p>hello')
  writeFileSync(join(directory, 'site/images/large.bin'), Buffer.alloc(3_000_000, 7))
  const attribute = ['--pax-option', 'SCHILY.xattr.user.meta.season:=winter']
  for (const [compress, type] of [
    [[], 'tar'],
    [['-z'], 'tar.gz'],
    [['-j'], 'tar.bz2'],
  ] as const) {
    const words = ['-c', ...compress, '--format=pax', ...attribute, '-C', directory, 'site']
    const body = execFileSync('tar', words, { maxBuffer: 100_000_000 })
    const headers = { accept: 'application/json' }
    const report = await tester.request('PUT', `/unpacked?extract-archive=${type}`, { body, headers })
    t.match(
      JSON.parse(String(report.body)),
      { 'Response Status': '201 Created', 'Number Files Created': 2 },
      type,
    )
    const page = await tester.request('GET', '/unpacked/site/index.html')
    t.equal(String(page.body), '<p>hello')
    t.match(page.headers, { 'content-type': 'text/html', 'x-object-meta-season': 'winter' })
    t.equal((await tester.request('GET', '/unpacked/site/images/large.bin')).body.length, 3_000_000)
    t.equal((await tester.request('DELETE', '/unpacked/site/index.html')).status, 204)
  }
}

t.test('what the bzip2 program compresses comes back, whatever it is', async (t) => {
  if (!havePrograms(t, 'bzip2')) return
  const decompressed = async (stream: Buffer): Promise<Buffer> => {
    const found: Buffer[] = []
    const inTwo = async function* (): AsyncGenerator<Buffer> {
      yield stream.subarray(0, stream.length >> 1)
      yield stream.subarray(stream.length >> 1)
    }
    for await (const piece of bunzip2(inTwo(), async () => {})) found.push(piece)
    return Buffer.concat(found)
  }
  const part = fc.oneof(
    fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 700 }))
      .map(([byte, count]) => Buffer.alloc(count, byte)),
    fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part), fc.integer({ min: 1, max: 9 }), async (parts, level) => {
      const bytes = Buffer.concat(parts)
      const stream = execFileSync('bzip2', [`-${level}`, '-c'], { input: bytes })
      return (await decompressed(stream)).equals(bytes)
    }),
    { numRuns: 20 },
  )
  t.pass()
})
