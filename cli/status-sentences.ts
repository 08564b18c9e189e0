/** What is said of parts of a cluster's state, in `martlet status` and on its page in a browser. */
import type { CopyFigures } from '#census/census-report.ts'
import type { DeviceFigures } from '#node/device-figures.ts'
import { figuresText } from './pass-display.ts'
import { agoText, amount, durationText } from './readable.ts'
import { type ClusterStatus, type RingSummary, votersOn, type WorkerSummary } from './status-summary.ts'

/** The whole in a line. */
export function headline({ cluster, nowMs, devices, problems }: ClusterStatus): string {
  const hosts = new Set(devices.map(({ host }) => host)).size
  const answering = devices.filter(({ figures }) => figures !== undefined).length
  const health = problems.length === 0 ? 'all is well' : `${problems.length} problems`
  const at = new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')
  return `Cluster ${cluster}: ${health}. ${answering} of ${devices.length} devices on ${hosts} hosts answer. ${at} UTC`
}

/** Of the objects of one policy, those that lack copies. */
export function copyText(figures: CopyFigures, nowMs: number): string {
  const { objects, missingCopies, thinPartitions, sinceMs, countedMs, records, partitions } = figures
  if (countedMs === undefined) return 'not counted yet'
  const counted = `${amount(records)} records in ${amount(partitions)} partitions, counted ${agoText(countedMs, nowMs)}`
  if (objects === 0 || sinceMs === undefined) return `every object has all its copies (${counted})`
  const since = durationText((nowMs - sinceMs) / 1000)
  const where = `in ${amount(thinPartitions)} partitions since ${since}`
  return `${amount(objects)} objects lack ${amount(missingCopies)} copies ${where} (${counted})`
}

/** State of a device that answers; a ready one that does not vote with all it has is joining. */
export function deviceStateText(figures: DeviceFigures): string {
  const { state } = figures
  return state.kind === 'ready' && votersOn(figures).joining > 0 ? 'joining' : state.kind.replace('_', ' ')
}

/** What a worker does now: `3 resting, 1 passing, 40 %, 2 min left`. */
export function stateText({ states, progress }: WorkerSummary): string {
  const parts = Object.entries(states)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  if (progress !== undefined) {
    const left = progress.etaSeconds === undefined ? '' : `, ${durationText(progress.etaSeconds)} left`
    parts.push(`${(progress.share * 100).toFixed(0)} %${left}`)
  }
  return parts.join(', ')
}

/** What its last passes found, repaired and left. */
export function resultText({ found, repaired, waiting, failed }: WorkerSummary): string {
  const parts = Object.entries({ found, repaired, waiting }).flatMap(([part, figures]) => {
    const text = figuresText(figures)
    return text === '' ? [] : [`${part} ${text}`]
  })
  if (failed > 0) parts.push(`failed on ${failed}`)
  return parts.join('; ')
}

/** Who uses which version of a ring. */
export function ringText({ versions, moving }: RingSummary): string {
  const [first] = versions
  const used =
    versions.length <= 1
      ? `version ${first?.version ?? '?'} everywhere`
      : versions.map(({ version, users }) => `version ${version ?? '?'} on ${users.join(', ')}`).join('; ')
  return `${used}${moving.length === 0 ? '' : `, data still moving on ${moving.join(', ')}`}`
}
