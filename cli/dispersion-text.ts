/** What a dispersion report says, in the words of `swift-dispersion-report`, so that what reads its output reads ours. */

/** The copies of one member of the sample. */
export interface SampleTally {
  readonly expected: number
  readonly found: number
  readonly retries: number
}

export interface SampleReport {
  readonly queried: number
  /** Partitions that the sample covers. */
  readonly partitions: number
  /** Members in partitions that another one covers too. */
  readonly overlapping: number
  /** Partitions of the ring. */
  readonly partitionSpace: number
  readonly replicas: number
  readonly copiesExpected: number
  readonly copiesFound: number
  readonly retries: number
  readonly seconds: number
  /** Partitions by the number of copies that are missing. */
  readonly missing: ReadonlyMap<number, number>
}

export const NO_SAMPLE: SampleReport = {
  queried: 0,
  partitions: 0,
  overlapping: 0,
  partitionSpace: 0,
  replicas: 0,
  copiesExpected: 0,
  copiesFound: 0,
  retries: 0,
  seconds: 0,
  missing: new Map(),
}

export function dispersionText(kind: 'container' | 'object', report: SampleReport): string {
  const { queried, overlapping, partitions, partitionSpace, copiesFound, copiesExpected, retries, seconds } =
    report
  const lines = [
    `Queried ${queried} ${kind}s for dispersion reporting, ${Math.round(seconds)}s, ${retries} retries`,
  ]
  if (overlapping > 0) lines.push(`There were ${overlapping} overlapping partitions`)
  for (const [copies, count] of report.missing) lines.push(missingText(copies, count, report.replicas))
  const percent = ((100 * copiesFound) / copiesExpected).toFixed(2)
  lines.push(
    `${percent}% of ${kind} copies found (${copiesFound} of ${copiesExpected})`,
    `Sample represents ${((100 * partitions) / partitionSpace).toFixed(2)}% of the ${kind} partition space`,
  )
  return lines.join('\n')
}

function missingText(copies: number, count: number, replicas: number): string {
  const alarm = copies === replicas ? '!!! ' : replicas - copies === 1 ? '! ' : ''
  const [were, partitions] = count === 1 ? ['was', 'partition'] : ['were', 'partitions']
  const what = `${copies === replicas ? 'all' : copies} ${copies === 1 ? 'copy' : 'copies'}`
  return `${alarm}There ${were} ${count} ${partitions} missing ${what}.`
}
