/**
 * What two replicas make of each other's account or container, rows aside. Pure; whoever tells whom, in any order and any
 * number of times, all replicas come to the same:
 *
 * - Times: the earliest creation, the latest PUT and DELETE. A life ends with a DELETE later than its birth, however often
 *   it was PUT or POSTed since on a replica that did not hear of that DELETE: what was deleted does not come back.
 * - Storage policy: that of the PUT that first claimed the life which goes on (OpenStack Swift,
 *   `container/reconciler.py`: `cmp_policy_info`; at equal times the smaller index wins).
 * - The time of the last change of status follows: the claim of one that lives, the DELETE of one that does not.
 */
import { hash } from 'node:crypto'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { Decision, Rule } from './contract.ts'
import { dayOf } from './days.ts'
import { emptyDigest, toggle } from './digest.ts'
import { type DatabaseInfo, type DatabaseState, NEVER_REPORTED, type PolicyStats } from './info.ts'
import { type Metadata, mergeMetadata } from './metadata.ts'

/** What replicas tell each other of an account or container; counters and reports are each one's own. */
export type ReplicatedInfo = Omit<DatabaseInfo, 'reported' | 'stats' | 'sequence'>

export interface ReplicatedState {
  readonly info: ReplicatedInfo
  readonly metadata: Metadata
}

export function replicated({ info, metadata }: DatabaseState): ReplicatedState {
  const { reported: _reported, stats: _stats, sequence: _sequence, ...told } = info
  return { info: told, metadata }
}

export function mergeInfo(left: ReplicatedInfo, right: ReplicatedInfo): ReplicatedInfo {
  const sides = [left, right] as const
  const deleteTimestamp = latest(sides.map((side) => side.deleteTimestamp))
  const bornAt = latest(sides.map((side) => side.bornAt))
  const putTimestamp = latest(sides.map((side) => putWithin(side, deleteTimestamp)))
  const isOver = deleteTimestamp > putTimestamp
  const claim = isOver ? lastClaim(sides) : firstClaim(sides, deleteTimestamp, bornAt)
  return {
    name: left.name,
    createdAt: left.createdAt <= right.createdAt ? left.createdAt : right.createdAt,
    bornAt,
    putTimestamp,
    deleteTimestamp,
    statusChangedAt: isOver ? deleteTimestamp : claim.at,
    status: isOver ? 'deleted' : 'live',
    policyIndex: claim.policyIndex,
  }
}

/** PUTs of a life that the DELETE ended do not count beyond its birth. */
function putWithin({ bornAt, putTimestamp }: ReplicatedInfo, deleteTimestamp: Timestamp): Timestamp {
  return deleteTimestamp > bornAt && putTimestamp > bornAt ? bornAt : putTimestamp
}

interface Claim {
  readonly policyIndex: number
  readonly at: Timestamp
}

/** Who first claimed a storage policy for the life that goes on. */
function firstClaim(sides: readonly ReplicatedInfo[], deleteTimestamp: Timestamp, bornAt: Timestamp): Claim {
  const claims = sides.map((side): Claim => ({ policyIndex: side.policyIndex, at: claimedAt(side) }))
  const valid = claims.filter(({ at }) => at >= deleteTimestamp)
  const born = sides
    .filter((side) => side.bornAt === bornAt)
    .map(({ policyIndex }): Claim => ({ policyIndex, at: bornAt }))
  return ordered(valid.length > 0 ? valid : born, (left, right) => compare(left.at, right.at))
}

function claimedAt(side: ReplicatedInfo): Timestamp {
  return side.deleteTimestamp > side.putTimestamp ? side.bornAt : side.statusChangedAt
}

/** Of a life that is over: what the last DELETE found. */
function lastClaim(sides: readonly ReplicatedInfo[]): Claim {
  const claims = sides.map(({ policyIndex, deleteTimestamp }) => ({ policyIndex, at: deleteTimestamp }))
  return ordered(claims, (left, right) => compare(right.at, left.at))
}

function ordered(claims: readonly Claim[], order: (left: Claim, right: Claim) => number): Claim {
  const [first] = claims.toSorted((left, right) => order(left, right) || left.policyIndex - right.policyIndex)
  return first ?? { policyIndex: 0, at: ZERO_TIMESTAMP }
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function latest(times: readonly Timestamp[]): Timestamp {
  return times.reduce((one, other) => (one >= other ? one : other))
}

/**
 * Takes over what a peer says; a database that is not here yet is made. Removals of metadata of before the day are left
 * out where nothing of that name is known.
 */
export function mergeReplica(theirs: ReplicatedState, ignoreDeletionsBefore = 0): Rule<'merged'> {
  return (state): Decision<'merged'> => {
    if (state === undefined) {
      const info = { ...theirs.info, reported: NEVER_REPORTED, stats: new Map(), sequence: 0 }
      return { result: 'merged', info, metadata: theirs.metadata, rows: 'merge' }
    }
    const info = mergeInfo(replicated(state).info, theirs.info)
    const told = [...theirs.metadata].filter(([name, { value, timestamp }]) => {
      return value !== '' || dayOf(timestamp) >= ignoreDeletionsBefore || state.metadata.has(name)
    })
    const metadata = mergeMetadata(state.metadata, new Map(told))
    return {
      result: 'merged',
      ...(isSameInfo(info, state.info) ? {} : { info: { ...state.info, ...info } }),
      ...(metadata === state.metadata ? {} : { metadata }),
      rows: 'merge',
    }
  }
}

const COMPARED = [
  'createdAt',
  'bornAt',
  'putTimestamp',
  'deleteTimestamp',
  'statusChangedAt',
  'status',
  'policyIndex',
] as const

function isSameInfo(left: ReplicatedInfo, right: ReplicatedInfo): boolean {
  return COMPARED.every((field) => left[field] === right[field])
}

/** A database of which nothing is left but its deletion, on a day that replicas do not compare any more. */
export function isForgotten({ info }: DatabaseState, horizon: number): boolean {
  if (info.deleteTimestamp <= info.putTimestamp || dayOf(info.deleteTimestamp) >= horizon) return false
  return [...info.stats.values()].every(
    (stats) => stats.rows === 0 && [...stats.tombstoneDays.keys()].every((day) => day < horizon),
  )
}

/**
 * Digest of all that replicas must agree on: times, metadata, live rows, and the rows that were deleted on the horizon day
 * or later. Of a forgotten database it is that of nothing.
 */
export function comparisonDigest(state: DatabaseState | undefined, horizon: number): Buffer {
  if (state === undefined || isForgotten(state, horizon)) return emptyDigest()
  const { info, metadata } = state
  const told = [
    info.name.account,
    info.name.container ?? null,
    ...COMPARED.map((field) => info[field]),
    ...comparedMetadata(metadata, horizon),
    ...[...info.stats]
      .toSorted(([left], [right]) => left - right)
      .flatMap((one) => comparedStats(one, horizon)),
  ]
  return hash('md5', JSON.stringify(told), 'buffer')
}

/** Removals of before the horizon may have been given up. */
function comparedMetadata(metadata: Metadata, horizon: number): readonly unknown[] {
  return [...metadata]
    .filter(([, { value, timestamp }]) => value !== '' || dayOf(timestamp) >= horizon)
    .toSorted(([left], [right]) => compare(left, right))
    .map(([name, { value, timestamp }]) => [name, value, timestamp])
}

function comparedStats([group, stats]: readonly [number, PolicyStats], horizon: number): readonly unknown[] {
  const recent = emptyDigest()
  let tombstones = 0
  for (const [day, one] of stats.tombstoneDays) {
    if (day < horizon) continue
    tombstones += one.tombstones
    toggle(recent, one.digest)
  }
  if (stats.rows === 0 && tombstones === 0) return []
  return [[group, stats.rows, stats.liveDigest.toString('hex'), tombstones, recent.toString('hex')]]
}
