/** Names that people give, and tenants that do not see each other. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { startCluster } from '#test/running-cluster.ts'
import { inParallel, NO_ADMIN, OTHER_TENANT, Session, TESTER } from '#test/session.ts'

/** `MARTLET_CONTAINERS=10000` makes it as many as are promised. */
const CONTAINERS = Number(process.env['MARTLET_CONTAINERS'] ?? 1_200)

t.setTimeout(600_000)

const NAMES = [
  'with space and  two',
  ' leading and trailing ',
  'a/path//with///many/slashes/',
  '/leading slash',
  '.',
  '..',
  'a/../b/./c',
  '100%',
  '%41 is not A',
  '%zz',
  'a%2Fb',
  'plus+and&ampersand=equals?question#hash',
  'quote"\'back\\slash<angle>',
  'tab\tand\nnewline',
  'emoji 🐦‍⬛ und Umlaute äöü',
  'é (composed) and e\u0301 (combined)',
  '日本語/العربية',
  'a'.repeat(1024),
  '🐦'.repeat(256),
]

t.test('names of all kinds', async (t) => {
  const { url } = await startCluster(t)
  const session = await Session.signIn(url, TESTER)

  await t.test('objects are stored, listed, read and deleted under every name', async (t) => {
    await session.request('PUT', '/names')
    const path = (name: string): string => `/names/${encodeURIComponent(name)}`
    for (const name of NAMES) {
      const put = await session.request('PUT', path(name), { body: Buffer.from(name) })
      t.equal(put.status, 201, name.slice(0, 40))
      t.equal(put.headers['etag'], createHash('md5').update(name).digest('hex'))
    }
    const listing = await session.request('GET', '/names?format=json')
    const listed = (JSON.parse(listing.body.toString()) as { readonly name: string }[]).map(
      ({ name }) => name,
    )
    t.same(
      listed,
      NAMES.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right))),
    )
    for (const name of NAMES) t.equal((await session.request('GET', path(name))).body.toString(), name)
    for (const name of NAMES)
      t.equal((await session.request('DELETE', path(name))).status, 204, name.slice(0, 40))
    t.equal((await session.request('GET', '/names')).status, 204)
  })

  await t.test('slashes of an object may be encoded or not', async (t) => {
    await session.request('PUT', '/slashes')
    await session.request('PUT', '/slashes/a/b', { body: Buffer.from('1') })
    t.equal((await session.request('GET', '/slashes/a%2Fb')).body.toString(), '1')
  })

  await t.test('containers have names of all kinds too', async (t) => {
    for (const name of ['with space', 'ünïcode 🐦', '100%', 'a'.repeat(256)]) {
      t.equal((await session.request('PUT', `/${encodeURIComponent(name)}`)).status, 201, name.slice(0, 20))
      t.equal((await session.request('HEAD', `/${encodeURIComponent(name)}`)).status, 204, name.slice(0, 20))
    }
  })
})

t.test('tenants', async (t) => {
  const { url } = await startCluster(t)
  const [tester, stranger, colleague] = await Promise.all(
    [TESTER, OTHER_TENANT, NO_ADMIN].map((who) => Session.signIn(url, who)),
  )
  if (tester === undefined || stranger === undefined || colleague === undefined) throw new Error('no session')
  /** The stranger's token on the tester's account. */
  const intrude = (method: string, path: string, body?: Buffer) =>
    tester.request(method, path, {
      headers: { 'x-auth-token': stranger.token },
      ...(body === undefined ? {} : { body }),
    })
  await tester.request('PUT', '/private')
  await tester.request('PUT', '/private/letter', { body: Buffer.from('dear diary') })

  t.test('a stranger sees and changes nothing', async (t) => {
    for (const path of ['', '/private', '/private/letter', '/nothing', '/private/nothing']) {
      for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
        t.equal(
          (await intrude(method, path, method === 'PUT' ? Buffer.from('x') : undefined)).status,
          403,
          `${method} ${path}`,
        )
      }
    }
    t.equal((await tester.request('GET', '/private/letter')).body.toString(), 'dear diary')
  })

  t.test('the same names in two accounts are two things', async (t) => {
    await stranger.request('PUT', '/private')
    await stranger.request('PUT', '/private/letter', { body: Buffer.from('another') })
    t.equal((await tester.request('GET', '/private/letter')).body.toString(), 'dear diary')
    t.equal((await stranger.request('GET', '/private/letter')).body.toString(), 'another')
    t.equal((await stranger.request('GET', '?format=json')).body.toString().includes('"private"'), true)
  })

  t.test('an access list lets one user in, and only where it says', async (t) => {
    t.equal(
      (await tester.request('GET', '/private/letter', { headers: { 'x-auth-token': colleague.token } }))
        .status,
      403,
    )
    await tester.request('POST', '/private', { headers: { 'x-container-read': 'test:tester3' } })
    const lists = () => tester.request('GET', '/private', { headers: { 'x-auth-token': colleague.token } })
    t.equal((await lists()).status, 200)
    t.equal(
      (
        await tester.request('PUT', '/private/x', {
          headers: { 'x-auth-token': colleague.token },
          body: Buffer.from('x'),
        })
      ).status,
      403,
    )
    t.equal((await intrude('GET', '/private/letter')).status, 403)
    await tester.request('POST', '/private', { headers: { 'x-remove-container-read': 'x' } })
    t.equal((await lists()).status, 403, 'at once')
  })
})

t.test('more containers than a listing shows at once', async (t) => {
  const { url } = await startCluster(t)
  const session = await Session.signIn(url, TESTER)
  const count = CONTAINERS
  const name = (index: number): string => `container-${String(index).padStart(5, '0')}`
  const refused: string[] = []
  await inParallel(count, 32, async (index) => {
    const { status } = await session.request('PUT', `/${name(index)}`)
    if (status !== 201) refused.push(`${name(index)}: ${status}`)
  })
  t.same(refused, [])
  const listed: string[] = []
  for (let marker = ''; ; marker = listed.at(-1) ?? '') {
    const page = await session.request('GET', `?limit=500&marker=${marker}`)
    if (page.status === 204) break
    listed.push(...page.body.toString().trim().split('\n'))
  }
  t.equal(listed.length, count)
  t.equal(listed[711], name(711))
  const { headers } = await session.request('HEAD', '')
  t.equal(headers['x-account-container-count'], String(count))
})
