/**
 * Reads of the newest version. All replicas are asked which version they have, by the index alone where they can; the
 * body then comes from one that has the newest, and what POSTs changed from whoever has it latest.
 */

import { INDEX_ONLY_HEADER } from '#base/extensions.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { discard, type HeaderMap, type Response } from '#http/message.ts'
import {
  type Changes,
  changesIn,
  isLater,
  latestChanges,
  type Told,
  withLaterFields,
} from './changed-fields.ts'
import type { NodeClient } from './node-client.ts'
import { majoritySize } from './quorum.ts'
import { type Evidence, evidenceOf, isOutdated, writtenAt } from './read-evidence.ts'
import { askNode, type ReadOutcome, type ReplicaRead } from './replica-read.ts'
import { resumable } from './resumable-read.ts'
import type { StorageNode } from './storage-node.ts'

/** Conditions and ranges are for the read itself, not for asking what is there. */
export const NOT_PROBED: readonly string[] = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
]

interface Probe {
  readonly node: StorageNode
  readonly response: Response
  readonly evidence: Evidence
}

/** How often a read starts over because newer data came while the changes of older data were put together. */
const ATTEMPTS_MAX = 4

/** Asks every primary and handoff, and reads the newest version that any of them has (Swift's `X-Newest`). */
export async function readNewest(client: NodeClient, read: ReplicaRead): Promise<ReadOutcome> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const outcome = await readOnce(client, read)
    if (outcome !== 'overtaken') return outcome
  }
  return { kind: 'unavailable', reason: 'it was replaced again and again while it was read' }
}

async function readOnce(client: NodeClient, read: ReplicaRead): Promise<ReadOutcome | 'overtaken'> {
  const { primaries, handoffs } = read.placement
  const probes = await Promise.all([
    ...primaries.map((node) => probe(client, read, node, 'primary')),
    ...handoffs
      .filter((node) => !client.errors.isSetAside(node))
      .map((node) => probe(client, read, node, 'handoff')),
  ])
  const answered = probes.filter((one) => one !== undefined)
  const tombstone = newestOf(answered, 'absent')
  const newest = newestOf(answered, 'found')
  const holders = answered.filter(
    ({ evidence }) =>
      evidence.kind === 'found' && evidence.timestamp === newest && !isOutdated(newest, tombstone),
  )
  const changed = read.server === 'object' ? changesSince(newest, answered) : []
  const latest = latestChanges(changed.map(({ changes }) => changes))
  for (const { node } of bestFirst(holders, changed, latest)) {
    const outcome = await readFrom(client, read, node, newest)
    if (outcome?.kind === 'found')
      return await withChanges(client, read, { outcome, newest, changed, latest })
    if (outcome !== undefined) return outcome
  }
  return absence(answered, tombstone, primaries.length)
}

interface Changed {
  readonly node: StorageNode
  readonly changes: Changes
}

/** Who knows of changes of the newest data, whatever data they have themselves. */
function changesSince(newest: Timestamp, probes: readonly Probe[]): readonly Changed[] {
  return probes
    .filter(({ evidence }) => evidence.kind === 'found')
    .map(({ node, response }) => ({ node, changes: changesIn(response, newest) }))
    .filter(({ changes }) => changes.size > 0)
}

/** Whoever knows of all changes is read first. */
function bestFirst(
  holders: readonly Probe[],
  changed: readonly Changed[],
  latest: Changes,
): readonly Probe[] {
  if (latest.size === 0) return holders
  const whole = new Set(changed.filter(({ changes }) => !isLater(latest, changes)).map(({ node }) => node))
  return holders.toSorted((left, right) => Number(whole.has(right.node)) - Number(whole.has(left.node)))
}

interface ToComplete {
  readonly outcome: Extract<ReadOutcome, { readonly kind: 'found' }>
  readonly newest: Timestamp
  readonly changed: readonly Changed[]
  readonly latest: Changes
}

/**
 * What was read, with the later fields that only others have. They are changes of the newest data alone: who has newer data
 * by now tells the fields of that.
 */
async function withChanges(
  client: NodeClient,
  read: ReplicaRead,
  { outcome, newest, changed, latest }: ToComplete,
): Promise<ReadOutcome | 'overtaken'> {
  const { response } = outcome
  if (latest.size > 0 && writtenAt(response, read.server) > newest) {
    await discard(response)
    return 'overtaken'
  }
  let told: Told = { headers: response.headers, changes: changesIn(response, newest) }
  if (!isLater(latest, told.changes)) return outcome
  for (const { node, changes } of changed) {
    if (!isLater(changes, told.changes)) continue
    const other = await askNode(
      client,
      { ...read, method: 'HEAD', headers: unconditional(read.headers) },
      node,
    )
    if (other === undefined) continue
    await discard(other)
    if (other.status === 200 && writtenAt(other, read.server) > newest) {
      await discard(response)
      return 'overtaken'
    }
    if (other.status === 200) {
      told = withLaterFields(told, { headers: other.headers, changes: changesIn(other, newest) })
    }
  }
  if (!isLater(latest, told.changes)) return { ...outcome, response: { ...response, headers: told.headers } }
  await discard(response)
  return { kind: 'unavailable', reason: 'a change of its metadata could not be fetched' }
}

function unconditional(headers: HeaderMap): HeaderMap {
  const plain: Record<string, string | undefined> = { ...headers }
  for (const name of NOT_PROBED) plain[name] = undefined
  return plain
}

/** Which version a node has, by its index alone where it can; `undefined` when no answer came. */
export async function probe(
  client: NodeClient,
  read: ReplicaRead,
  node: StorageNode,
  role: 'primary' | 'handoff',
): Promise<Probe | undefined> {
  const headers = { ...unconditional(read.headers), [INDEX_ONLY_HEADER]: 'true' }
  const outcome = await askNode(client, { ...read, method: 'HEAD', headers }, node)
  if (outcome === undefined) return undefined
  await discard(outcome)
  return { node, response: outcome, evidence: evidenceOf(outcome, { server: read.server, role }) }
}

/** The read itself, from a node that said it has the version; `undefined` when it has it no more. */
async function readFrom(
  client: NodeClient,
  read: ReplicaRead,
  node: StorageNode,
  expected: Timestamp,
): Promise<ReadOutcome | undefined> {
  const response = await askNode(client, read, node)
  if (response === undefined) return undefined
  const evidence = evidenceOf(response, { server: read.server, role: 'primary' })
  if (evidence.kind === 'found' && evidence.timestamp >= expected) {
    return resumable(client, read, { kind: 'found', node, response })
  }
  if (evidence.kind === 'refused') return { kind: 'refused', response }
  await discard(response)
  return undefined
}

function newestOf(probes: readonly Probe[], kind: 'found' | 'absent'): Timestamp {
  let newest: Timestamp = ZERO_TIMESTAMP
  for (const { evidence } of probes) {
    if (evidence.kind === kind && evidence.timestamp > newest) newest = evidence.timestamp
  }
  return newest
}

function absence(probes: readonly Probe[], tombstone: Timestamp, primaries: number): ReadOutcome {
  const absent = probes.filter(({ evidence }) => evidence.kind === 'absent')
  const votes = absent.filter(({ evidence }) => evidence.kind === 'absent' && evidence.voter).length
  const witness = absent.find(
    ({ evidence }) => evidence.kind === 'absent' && evidence.timestamp === tombstone,
  )
  if (witness !== undefined && votes >= majoritySize(primaries)) {
    return { kind: 'absent', tombstone, response: witness.response }
  }
  return { kind: 'unavailable', reason: `${votes} of ${primaries} replicas could tell that it is absent` }
}
