/**
 * Reads of the newest version. All replicas are asked which version they have, by the index alone where they can; the
 * body then comes from one that has the newest.
 */

import { INDEX_ONLY_HEADER } from '#base/extensions.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { discard, type Response } from '#http/message.ts'
import type { NodeClient } from './node-client.ts'
import { majoritySize } from './quorum.ts'
import { type Evidence, evidenceOf, isOutdated } from './read-evidence.ts'
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

/** Asks every primary and handoff, and reads the newest version that any of them has (Swift's `X-Newest`). */
export async function readNewest(client: NodeClient, read: ReplicaRead): Promise<ReadOutcome> {
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
  for (const { node } of holders) {
    const outcome = await readFrom(client, read, node, newest)
    if (outcome !== undefined) return outcome
  }
  return absence(answered, tombstone, primaries.length)
}

/** Which version a node has, by its index alone where it can; `undefined` when no answer came. */
export async function probe(
  client: NodeClient,
  read: ReplicaRead,
  node: StorageNode,
  role: 'primary' | 'handoff',
): Promise<Probe | undefined> {
  const headers: Record<string, string | undefined> = { ...read.headers, [INDEX_ONLY_HEADER]: 'true' }
  for (const name of NOT_PROBED) headers[name] = undefined
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
