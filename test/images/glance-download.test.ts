/** Images from another registry: a second cluster of ours, which is asked over its doors. */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { bufferBody, headerOf, ownRequest, readWhole } from '#http/message.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import { HeldSession } from '#images/remote/swift-sign-in.ts'
import { type AskImages, createImage, PEOPLE, testImages, uploadBytes } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { tokenFor } from '#proxy/testing/test-proxy.ts'
import { ADDRESS, type AnotherCluster, anotherCluster, IMPATIENT } from './another-cluster.ts'
import { importing, settled } from './importing.ts'

interface Fetched {
  readonly url: string
  readonly token: string | undefined
  readonly reaches: readonly string[]
}

/** The network: one server, the other cluster, whose answers a test may change. */
function networkTo(
  { handler }: AnotherCluster,
  log: Fetched[],
  instead: (url: URL) => { readonly status: number; readonly location: string } | undefined = () => undefined,
): OutsideFetch {
  return async ({ url, method, headers = {}, mayReach }) => {
    const addresses = /^[\d.]+$/.test(url.hostname) ? [url.hostname] : ['10.0.0.1', '93.184.216.34']
    const reaches = addresses.filter(mayReach)
    log.push({ url: url.href, token: headers['x-auth-token'], reaches })
    if (reaches.length === 0) throw new Error('may not be reached')
    const other = instead(url)
    if (other !== undefined) {
      const body = bufferBody(Buffer.alloc(0))
      return { status: other.status, headers: { location: other.location }, body }
    }
    const response = await handler(ownRequest({ method, path: url.pathname, headers }))
    const bytes = await readWhole(response.body, Number.MAX_SAFE_INTEGER)
    const length = { 'content-length': headerOf(response, 'content-length') ?? String(bytes.length) }
    return { status: response.status, headers: length, body: bufferBody(bytes) }
  }
}

interface Pair {
  readonly other: AnotherCluster
  /** The owner, there. */
  readonly there: AskImages
  /** Whoever imports, here. */
  readonly here: AskImages
  readonly log: Fetched[]
}

function pair(instead?: Parameters<typeof networkTo>[2]): Pair {
  const other = anotherCluster()
  const log: Fetched[] = []
  const session = new HeldSession(IMPATIENT, other.keystone('image'))
  const regions = [
    { name: 'RegionTwo', url: undefined, session },
    { name: 'shared', url: `${ADDRESS}/image/v2/`, session: undefined },
  ]
  const { as } = testImages({
    store: new MemoryStore({ clock: realClock }),
    options: { importMethods: ['glance-download'] },
    deps: { regions, fetch: networkTo(other, log, instead) },
  })
  return { other, there: other.images.as(PEOPLE.tester), here: as(PEOPLE.tester), log }
}

const BYTES = randomBytes(150_000)
const method = (id: string, region = 'regiontwo'): object => ({
  name: 'glance-download',
  glance_region: region,
  glance_image_id: id,
})

void t.test(
  'an image comes from another registry, with its formats and what belongs to its hardware',
  async (t) => {
    const { there, here, log } = pair()
    const source = await createImage(there, { disk_format: 'raw', hw_disk_bus: 'scsi', colour: 'red' })
    await uploadBytes(there, source, BYTES)
    const id = await createImage(here, { disk_format: 'qcow2', container_format: 'bare' })
    t.equal((await importing(here, id, method(source))).status, 202)
    const shown = await settled(here, id)
    t.match(shown, { status: 'active', size: BYTES.length, disk_format: 'raw', hw_disk_bus: 'scsi' })
    t.notOk('colour' in shown)
    t.equal(shown['os_hash_value'], createHash('sha512').update(BYTES).digest('hex'))
    t.ok((await here('GET', `/v2/images/${id}/file`)).bytes.equals(BYTES))
    t.ok(log.every(({ token }) => token !== undefined))
    const tasks = JSON.stringify((await here('GET', `/v2/images/${id}/tasks`)).json)
    t.ok(
      log.every(({ token }) => !tasks.includes(token ?? '')),
      'no token is in the task',
    )
  },
)

void t.test('where both know the same people, whoever imports shows the token', async (t) => {
  const { other, there, here, log } = pair()
  const source = await createImage(there)
  await uploadBytes(there, source, BYTES)
  const id = await createImage(here)
  const token = await tokenFor(other.handler, 'test:tester', 'testing')
  const body = { method: method(source, 'shared') }
  await here('POST', `/v2/images/${id}/import`, { body, headers: { 'X-Auth-Token': token } })
  t.match(await settled(here, id), { status: 'active', size: BYTES.length })
  t.same(new Set(log.map((one) => one.token)), new Set([token]))
  const refused = await createImage(here)
  await importing(here, refused, method(source, 'shared'))
  t.match(await settled(here, refused), { status: 'queued' }, 'nobody without a token')
})

void t.test('what is not there, not active or not itself makes no image', async (t) => {
  const { there, here } = pair()
  const queued = await createImage(there)
  for (const [source, message] of [
    [queued, /should be active instead of queued/],
    ['00000000-0000-4000-8000-000000000000', /answers 404/],
  ] as const) {
    const id = await createImage(here)
    t.equal((await importing(here, id, method(source))).status, 202)
    t.match(await settled(here, id), { status: 'queued', disk_format: 'raw' })
    t.match((await here('GET', `/v2/images/${id}/tasks`)).json['tasks'], [{ status: 'failure', message }])
  }
})

void t.test('orders that cannot be are refused', async (t) => {
  const { here } = pair()
  const id = await createImage(here)
  const good = '00000000-0000-4000-8000-000000000000'
  for (const wrong of [
    { name: 'glance-download', glance_image_id: good },
    { name: 'glance-download', glance_region: 'RegionTwo' },
    method('not-a-uuid'),
    method(good, 'nowhere'),
    { ...method(good), glance_service_interface: 'secret' },
  ]) {
    t.equal((await importing(here, id, wrong)).status, 400, JSON.stringify(wrong))
  }
})

void t.test('a redirect is checked as for web-download, and sees no token', async (t) => {
  const inside = pair(({ pathname }) =>
    pathname.endsWith('/file') ? { status: 302, location: 'http://127.0.0.1/secret' } : undefined,
  )
  const outside = pair(({ pathname, host }) =>
    pathname.endsWith('/file') && host.startsWith('other')
      ? { status: 302, location: 'http://mirror.example/file' }
      : undefined,
  )
  for (const { there, here, log } of [inside, outside]) {
    const source = await createImage(there)
    await uploadBytes(there, source, BYTES)
    const id = await createImage(here)
    await importing(here, id, method(source))
    t.match(await settled(here, id), { status: 'queued' })
    const redirected = log.filter(({ url }) => !url.startsWith(ADDRESS))
    const reached = here === outside.here ? ['93.184.216.34'] : []
    t.match(redirected, [{ token: undefined, reaches: reached }])
  }
})
