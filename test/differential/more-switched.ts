/**
 * The third pair of clusters of the differential test: deletes are allowed while nothing else may be written, foreign hosts
 * are looked up, and `/endpoints/` tells where copies are. What that says follows from the rings, so it is asked of a proxy
 * of ours before Swift's own storage servers.
 */
import { type ReferenceSwift, startReferenceSwift } from '#bench/reference-swift.ts'
import { WEB_PIPELINE } from '#bench/reference-swift-config.ts'
import { startOurProxy } from '#test/compatibility/our-side.ts'
import type { Place } from '#test/place.ts'
import type { Lifetime } from '#test/running-cluster.ts'
import { startNameServer } from '#test/web/name-server.ts'
import {
  POLICIES_SETTING,
  type RunningSide,
  resellerToken,
  startMartletWith,
  USERS_SETTING,
} from './clusters.ts'

const DOMAIN = 'example.com'
const DEPTH = 2

const ALIASES: Readonly<Record<string, string>> = {
  'www.example.test': `site.AUTH-kept.${DOMAIN}`,
  'under_score.example.test': `site.AUTH_kept.${DOMAIN}`,
  'account.example.test': `AUTH-kept.${DOMAIN}`,
  'domain.example.test': DOMAIN,
  'deep.example.test': `a.site.AUTH-kept.${DOMAIN}`,
  'second.example.test': 'www.example.test',
  'third.example.test': 'second.example.test',
  'loop.example.test': 'loop.example.test',
  'ring.example.test': 'round.example.test',
  'round.example.test': 'ring.example.test',
  'elsewhere.example.test': 'www.example.org',
}

/** Where Swift's documentation says that they belong. */
const PIPELINE = WEB_PIPELINE.flatMap((name) => {
  if (name === 'domain_remap') return ['cname_lookup', name]
  if (name === 'container_sync') return ['list_endpoints', name]
  return name === 'ratelimit' ? [name, 'read_only'] : [name]
})

/** Another proxy before the storage servers of a running Swift, which already has what `fill` makes. */
export async function startMoreSwitchedSwift(
  { home, port, backendPort }: Place,
  storage: ReferenceSwift,
  nameServer: string,
): Promise<RunningSide> {
  await fill(storage.url)
  return await startReferenceSwift({
    home,
    port,
    backendPort,
    workers: 1,
    servers: 'proxy',
    rings: storage.etcFolder,
    pipeline: PIPELINE,
    filters: {
      read_only: ['use = egg:swift#read_only', 'read_only = true', 'allow_deletes = true'],
      cname_lookup: [
        'use = egg:swift#cname_lookup',
        `storage_domain = ${DOMAIN}`,
        `lookup_depth = ${DEPTH}`,
        `nameservers = ${nameServer}`,
      ],
    },
  })
}

/** A reseller exempts the account while it is filled. */
export async function startMoreSwitchedMartlet(place: Place, nameServer: string): Promise<RunningSide> {
  const martlet = await startMartletWith(
    place,
    `
[read_only]
read_only = true
allow_deletes = true

[websites]
storage_domain = ["${DOMAIN}"]
cname_lookup = true
lookup_depth = ${DEPTH}
nameservers = ["${nameServer}"]
${POLICIES_SETTING}
${USERS_SETTING}`,
  )
  try {
    await fill(martlet.url, { during: 'false', after: '' })
    return martlet
  } catch (error) {
    await martlet.stop()
    throw error
  }
}

/** Resolves with the URL of a proxy of ours that tells where the copies are in the devices of a running Swift. */
export async function startOurEndpoints(
  lifetime: Lifetime,
  { internalPort }: Place,
  storage: ReferenceSwift,
): Promise<string> {
  return await startOurProxy(lifetime, storage.etcFolder, internalPort, 'endpoints = true')
}

/** Stops with what it was started for. */
export function startAliases(lifetime: Lifetime): Promise<string> {
  return startNameServer(lifetime, ALIASES)
}

interface Made {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const SEGMENT = 'a segment'
/** What is there to be deleted and visited, in the account `AUTH_kept`. */
const MADE: readonly Made[] = [
  ...['c', 'empty', 'archive', 'unicode-%C3%A9'].map((name) => ({ path: `/${name}` })),
  { path: '/silver', headers: { 'X-Storage-Policy': 'silver' } },
  { path: '/versions', headers: { 'X-Versions-Enabled': 'true' } },
  { path: '/stack', headers: { 'X-Versions-Location': 'archive' } },
  { path: '/history', headers: { 'X-History-Location': 'archive' } },
  {
    path: '/site',
    headers: { 'X-Container-Read': '.r:*,.rlistings', 'X-Container-Meta-Web-Index': 'index.html' },
  },
  ...['c/o', 'c/p', 'c/q', 'versions/o', 'versions/o', 'stack/o', 'stack/o', 'history/o', 'silver/o'].map(
    (name) => ({ path: `/${name}`, body: 'hello' }),
  ),
  { path: '/c/segment', body: SEGMENT },
  {
    path: '/c/manifest?multipart-manifest=put',
    body: JSON.stringify([{ path: '/c/segment', size_bytes: SEGMENT.length }]),
  },
  { path: '/c/link', headers: { 'X-Symlink-Target': 'c/q' } },
  ...['index.html', 'sub/index.html'].map((name) => ({
    path: `/site/${name}`,
    headers: { 'Content-Type': 'text/html' },
    body: `<p>${name}</p>`,
  })),
]

async function fill(
  url: string,
  readOnly?: { readonly during: string; readonly after: string },
): Promise<void> {
  const token = { 'x-auth-token': await resellerToken(url) }
  const send = async (method: string, { path, headers, body }: Made): Promise<void> => {
    const sent = { method, headers: { ...token, ...headers }, ...(body === undefined ? {} : { body }) }
    const answer = await fetch(`${url}/v1/AUTH_kept${path}`, sent)
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${method} of ${path} was answered with ${answer.status}`)
  }
  const switched = async (value: string | undefined): Promise<void> => {
    if (value !== undefined) await send('POST', { path: '', headers: { 'x-account-read-only': value } })
  }
  await switched(readOnly?.during)
  for (const one of MADE) await send('PUT', one)
  await switched(readOnly?.after)
}
