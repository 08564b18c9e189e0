/**
 * Reads that care which version they get. All replicas (or as many as are needed) are asked which version they have,
 * by the index alone where they can; the body then comes from one that has the newest.
 */

import { INDEX_ONLY_HEADER } from '#base/extensions.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { discard, type Response } from '#http/message.ts'
import type { NodeClient } from './node-client.ts'
import { majoritySize, readsToSeeEveryWrite } from './quorum.ts'
import { type Evidence, evidenceOf, isOutdated, writtenAt } from './read-evidence.ts'
import { askNode, type ReadOutcome, type ReplicaRead, readReplica } from './replica-read.ts'
import { resumable } from './resumable-read.ts'
import type { StorageNode } from './storage-node.ts'

/** Conditions and ranges are for the read itself, not for asking what is there. */
const NOT_PROBED = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'range']

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

/** What to do with a version that too few other replicas could confirm. */
export type IfUnconfirmed = 'unavailable' | 'accept'

/**
 * Reads from the nearest replica, and confirms by asking others that its version is not older than any acknowledged
 * write: so many that every quorum of a write has one of them. Costs one index probe at three replicas.
 */
export async function readConfirmed(
  client: NodeClient,
  read: ReplicaRead,
  ifUnconfirmed: IfUnconfirmed,
): Promise<ReadOutcome> {
  const outcome = await readReplica(client, read)
  if (outcome.kind !== 'found') return outcome
  const needed = readsToSeeEveryWrite(read.placement.primaries.length) - 1
  const mine = writtenAt(outcome.response, read.server)
  const others = read.placement.primariesLocalFirst.filter((node) => node !== outcome.node)
  let confirmed = 0
  for (let at = 0; at < others.length && confirmed < needed; ) {
    const asked = others.slice(at, at + needed - confirmed)
    at += asked.length
    const probes = await Promise.all(asked.map((node) => probe(client, read, node, 'primary')))
    for (const one of probes) {
      if (one === undefined || one.evidence.kind === 'none' || one.evidence.kind === 'refused') continue
      if (one.evidence.timestamp > mine) return await overtaken(client, read, outcome.response)
      // A joining replica, or one that lost its copy, may have held the newer version.
      if (one.evidence.voter) confirmed += 1
    }
  }
  if (confirmed >= needed || ifUnconfirmed === 'accept') return resumable(client, read, outcome)
  await discard(outcome.response)
  return { kind: 'unavailable', reason: `${confirmed} of ${needed} other replicas confirmed the version` }
}

async function overtaken(client: NodeClient, read: ReplicaRead, stale: Response): Promise<ReadOutcome> {
  await discard(stale)
  return await readNewest(client, read)
}

async function probe(
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
