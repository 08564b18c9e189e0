/**
 * What a device knows of the copies of its partitions: the answer of `/martlet/census`, from which `martlet status` adds
 * up the cluster. Of the primaries of a partition one speaks: the first that is in service. So each object is counted once.
 */

export const CENSUS_PATH = '/martlet/census'

/** A partition in which objects have fewer good copies than they should. */
export interface ThinPartition {
  readonly partition: number
  /** Objects with fewer good copies than the ring has replicas. */
  readonly objects: number
  /** Copies that are missing, all objects together. */
  readonly missingCopies: number
  /** Of these objects, those with a single good copy, or none where it should be. */
  readonly lastCopies: number
  /** Since when this device sees the partition so, wall clock, milliseconds. */
  readonly sinceMs: number
}

export interface PolicyCensus {
  readonly policy: number
  /** Partitions for which this device speaks. */
  readonly partitions: number
  /** Objects and tombstones in them. */
  readonly records: number
  readonly thin: readonly ThinPartition[]
  /** Partitions of which not all that was needed could be read: their figures are lower bounds. */
  readonly uncounted: number
}

export interface CensusReport {
  /** When the count was made, wall clock, milliseconds; `undefined` before the first. */
  readonly atMs: number | undefined
  readonly policies: readonly PolicyCensus[]
}

/** The counts of all devices together, by policy. */
export interface CopyFigures {
  readonly policy: number
  readonly partitions: number
  readonly records: number
  readonly thinPartitions: number
  readonly objects: number
  readonly missingCopies: number
  readonly lastCopies: number
  readonly uncounted: number
  /** The longest that one of the thin partitions is thin, wall clock, milliseconds; `undefined` when there is none. */
  readonly sinceMs: number | undefined
  /** The oldest of the counts. */
  readonly countedMs: number | undefined
}

/** Adds up. Where two devices speak for one partition, the worse count is believed. */
export function addUp(reports: readonly CensusReport[]): readonly CopyFigures[] {
  const policies = new Set(reports.flatMap(({ policies }) => policies.map(({ policy }) => policy)))
  return [...policies].toSorted((left, right) => left - right).map((policy) => addUpPolicy(policy, reports))
}

function addUpPolicy(policy: number, reports: readonly CensusReport[]): CopyFigures {
  const worst = new Map<number, ThinPartition>()
  const sums = { partitions: 0, records: 0, uncounted: 0 }
  let countedMs: number | undefined
  for (const { atMs, policies } of reports) {
    const own = policies.find((one) => one.policy === policy)
    if (own === undefined || atMs === undefined) continue
    countedMs = Math.min(countedMs ?? atMs, atMs)
    sums.partitions += own.partitions
    sums.records += own.records
    sums.uncounted += own.uncounted
    for (const thin of own.thin) worst.set(thin.partition, worse(worst.get(thin.partition), thin))
  }
  const thin = [...worst.values()]
  return {
    policy,
    ...sums,
    countedMs,
    thinPartitions: thin.length,
    objects: sumOf(thin, 'objects'),
    missingCopies: sumOf(thin, 'missingCopies'),
    lastCopies: sumOf(thin, 'lastCopies'),
    sinceMs: thin.length === 0 ? undefined : Math.min(...thin.map(({ sinceMs }) => sinceMs)),
  }
}

function worse(known: ThinPartition | undefined, other: ThinPartition): ThinPartition {
  if (known === undefined) return other
  const sinceMs = Math.min(known.sinceMs, other.sinceMs)
  return { ...(other.missingCopies > known.missingCopies ? other : known), sinceMs }
}

function sumOf(thin: readonly ThinPartition[], figure: 'objects' | 'missingCopies' | 'lastCopies'): number {
  return thin.reduce((sum, one) => sum + one[figure], 0)
}
