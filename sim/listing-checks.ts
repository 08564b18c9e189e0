/** What must hold of a listing that says of itself that it is complete. */
import type { ListedObject, ListedSubdir } from '#store/listing.ts'
import type { ContainerName } from '#store/operation.ts'
import { CLOCKS_APART_MS } from './clocks.ts'
import type { Cluster } from './cluster.ts'
import type { Attempt, ObjectHistory } from './history.ts'
import type { ReadTimes } from './read-checks.ts'
import { Violation } from './violation.ts'

/**
 * Every write whose receipt said that the listing has it is seen; nothing is listed that nobody stored, or that was
 * deleted before with such a receipt.
 */
export function checkListing(
  cluster: Cluster,
  { account, container }: ContainerName,
  entries: readonly (ListedObject | ListedSubdir)[],
  times: ReadTimes,
): void {
  const below = `/${account}/${container}/`
  const listed = new Map<string, ListedObject>()
  for (const entry of entries) if (entry.kind === 'object') listed.set(below + entry.name, entry)
  for (const path of listed.keys()) {
    if (!cluster.history.object(path).attempts.some(({ method }) => method === 'PUT'))
      throw new Violation('ghost', `${path} is listed, but nobody ever stored it`, [path])
  }
  for (const object of cluster.history.objects) {
    if (object.path.startsWith(below)) checkEntry(cluster, object, listed.get(object.path), times)
  }
}

function checkEntry(
  cluster: Cluster,
  object: ObjectHistory,
  entry: ListedObject | undefined,
  { startedMs, endedMs, endedWallMs }: ReadTimes,
): void {
  const latest = object.acknowledged(startedMs, (attempt) => cluster.listed.has(attempt))
  if (latest === undefined) return
  const later = object.attempts.filter((one) => one.timestamp >= latest.timestamp && one.sentMs <= endedMs)
  const could = (method: Attempt['method']): boolean =>
    latest.method === method || later.some((one) => one.method === method)
  const mayBeGone = object.mayHaveExpired(latest.timestamp, endedWallMs + CLOCKS_APART_MS)
  if (entry === undefined && !could('DELETE') && !mayBeGone) {
    throw new Violation('missing_row', `${object.path} of write ${latest.write.id} is not listed`, [
      object.path,
    ])
  }
  if (entry === undefined) return
  const puts = [latest, ...later].filter(({ method }) => method === 'PUT')
  if (puts.some(({ write }) => write.etag === entry.etag)) return
  throw new Violation(
    'stale_row',
    `${object.path} is listed with ETag ${entry.etag}, but ${latest.method} of write ${latest.write.id} was acknowledged before`,
    [object.path],
  )
}
