/** What must hold when everything is healed and the workers have come to rest. */
import { createHash } from 'node:crypto'
import { silentLogger } from '#base/log.ts'
import { hashName } from '#base/names.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { readWhole } from '#http/message.ts'
import type { ObjectState } from '#object-server/object-state.ts'
import type { ListedObject } from '#store/listing.ts'
import type { OperationContext } from '#store/operation.ts'
import type { Cluster } from './cluster.ts'
import type { ObjectHistory } from './history.ts'
import { checkListedType, checkMetadataKept } from './metadata-checks.ts'
import { ACCOUNT, CONTAINERS, nameOfPath } from './object-names.ts'
import { checkFound } from './read-checks.ts'
import { policyOf, SALT } from './topology.ts'
import { Violation } from './violation.ts'

export const CHECK_CONTEXT: OperationContext = { txId: 'check', signal: undefined, log: silentLogger }

/** What is stored of an object on one device. */
export interface Copy {
  readonly host: string
  readonly state: ObjectState
}

/** What an object is, after all that happened to it. */
export interface Outcome {
  readonly path: string
  readonly exists: boolean
  readonly timestamp: Timestamp
  readonly etag: string
  readonly sizeBytes: number
}

/** Every object is what its history says, read through every proxy; what each is. */
export async function checkObjects(cluster: Cluster): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const object of cluster.history.objects) {
    const outcome = outcomeOf(object, await copiesOf(cluster, object.path), cluster.world.wallMs())
    outcomes.push(outcome)
    for (const proxy of cluster.proxies) await checkRead(cluster, proxy.proxy, object, outcome)
  }
  return outcomes
}

/** What all devices know of an object. */
export async function copiesOf(cluster: Cluster, path: string): Promise<readonly Copy[]> {
  const name = nameOfPath(path)
  const hash = hashName(name, SALT)
  const copies: Copy[] = []
  for (const node of cluster.nodes) {
    const states = await node.running?.device.objects.device.replica(policyOf(name))?.states([hash])
    if (states === undefined || 'kind' in states) continue
    for (const { state } of states) copies.push({ host: node.host, state })
  }
  return copies
}

/** The latest of all copies, which must be an attempt that was made, and none that an acknowledged one is later than. */
function outcomeOf(object: ObjectHistory, copies: readonly Copy[], wallMs: number): Outcome {
  const { path } = object
  let data: ObjectState['data']
  let tombstone: Timestamp = ZERO_TIMESTAMP
  for (const { state } of copies) {
    if (state.data !== undefined && (data === undefined || isLater(state.data, data))) data = state.data
    if (state.tombstone !== undefined && state.tombstone > tombstone) tombstone = state.tombstone
  }
  const exists = data !== undefined && data.timestamp > tombstone
  const timestamp = exists && data !== undefined ? data.timestamp : tombstone
  const latest = object.acknowledged(Number.POSITIVE_INFINITY)
  const isGone = !exists && object.mayBeForgotten(wallMs)
  if (latest !== undefined && timestamp < latest.timestamp && !isGone) {
    const check = latest.method === 'DELETE' ? 'undeleted_object' : 'lost_object'
    const holders = [...latest.holders].join(' ')
    throw new Violation(
      check,
      `${path} is as of ${timestamp}, but ${latest.method} of write ${latest.write.id} at ${latest.timestamp} was acknowledged (by ${holders})`,
      [path],
    )
  }
  const isExpired = !exists && object.mayHaveExpired(latest?.timestamp ?? ZERO_TIMESTAMP, wallMs)
  const attempted =
    timestamp === ZERO_TIMESTAMP || object.attemptsAt(timestamp, exists ? 'PUT' : 'DELETE').length > 0
  if (!attempted && !isExpired)
    throw new Violation('unknown_object', `${path} is as of ${timestamp}, when nobody wrote`, [path])
  return { path, exists, timestamp, etag: data?.etag ?? '', sizeBytes: data?.sizeBytes ?? 0 }
}

function isLater(one: NonNullable<ObjectState['data']>, other: NonNullable<ObjectState['data']>): boolean {
  return one.timestamp > other.timestamp || (one.timestamp === other.timestamp && one.etag > other.etag)
}

async function checkRead(
  cluster: Cluster,
  proxy: number,
  object: ObjectHistory,
  outcome: Outcome,
): Promise<void> {
  const { path } = object
  const store = cluster.proxies[proxy]?.running?.store
  const name = nameOfPath(path)
  const read = await store?.objects.read(CHECK_CONTEXT, name, { method: 'GET', conditions: {}, newest: true })
  const usual = await store?.objects.read(CHECK_CONTEXT, name, {
    method: 'HEAD',
    conditions: {},
    newest: false,
  })
  if (usual?.kind !== read?.kind)
    throw new Violation('unreadable_object', `${path} at proxy ${proxy}: ${usual?.kind} and ${read?.kind}`, [
      path,
    ])
  if (read?.kind === 'no_such_object' && !outcome.exists) return
  if (read?.kind !== 'found') {
    const wanted = outcome.exists
      ? `there is one of ${outcome.timestamp}`
      : `it was deleted at ${outcome.timestamp}`
    throw new Violation('unreadable_object', `${path} at proxy ${proxy}: ${read?.kind}, but ${wanted}`, [
      path,
    ])
  }
  if (!outcome.exists)
    throw new Violation('undeleted_object', `${path} at proxy ${proxy}, deleted at ${outcome.timestamp}`, [
      path,
    ])
  const bytes = await readWhole(read.body, 2 ** 30)
  checkMetadataKept(object, checkFound(object, read.headers, bytes), read.headers)
  const usualEtag = usual?.kind === 'found' ? usual.headers['etag']?.replaceAll('"', '') : undefined
  for (const etag of [createHash('md5').update(bytes).digest('hex'), usualEtag]) {
    if (etag === outcome.etag) continue
    throw new Violation(
      'stale_read',
      `${path} at proxy ${proxy} has ${etag}, the latest is ${outcome.etag}`,
      [path],
    )
  }
}

/** Every listing through every proxy says what the objects say. */
export async function checkListings(cluster: Cluster, outcomes: readonly Outcome[]): Promise<void> {
  for (const container of CONTAINERS) {
    const below = `/${ACCOUNT}/${container}/`
    const wanted = outcomes.filter(({ path, exists }) => exists && path.startsWith(below))
    for (const proxy of cluster.proxies) {
      const listed = await listingOf(cluster, proxy.proxy, container)
      compareListing(cluster, below, wanted, listed, proxy.proxy)
    }
  }
}

async function listingOf(
  cluster: Cluster,
  proxy: number,
  container: string,
): Promise<readonly ListedObject[]> {
  const store = cluster.proxies[proxy]?.running?.store
  const read = await store?.containers.read(
    CHECK_CONTEXT,
    { account: ACCOUNT, container },
    { listing: { limit: 10_000, reverse: false } },
  )
  if (read?.kind !== 'found' || read.page === undefined)
    throw new Violation('unreadable_listing', `${container} at proxy ${proxy}: ${read?.kind}`, [
      `/${container}`,
    ])
  if (read.page.consistency !== 'complete')
    throw new Violation('incomplete_listing', `${container} at proxy ${proxy}`, [`/${container}`])
  return read.page.entries().filter((entry) => entry.kind === 'object')
}

function compareListing(
  cluster: Cluster,
  below: string,
  wanted: readonly Outcome[],
  listed: readonly ListedObject[],
  proxy: number,
): void {
  const rows = new Map(listed.map((row) => [below + row.name, row]))
  for (const { path, etag, sizeBytes, timestamp } of wanted) {
    const row = rows.get(path)
    rows.delete(path)
    if (row === undefined)
      throw new Violation('missing_row', `${path} of ${timestamp} is not listed at proxy ${proxy}`, [path])
    if (row.etag !== etag || row.sizeBytes !== sizeBytes)
      throw new Violation('stale_row', `${path} is listed as ${row.etag}, but is ${etag} of ${timestamp}`, [
        path,
      ])
    checkListedType(cluster.history.object(path), row)
  }
  for (const path of rows.keys())
    throw new Violation('ghost', `${path} is listed at proxy ${proxy}, but does not exist`, [path])
}
