/** The one page of `martlet status`. */
import type { CopyFigures } from '#census/census-report.ts'
import type { DeviceFigures } from '#node/device-figures.ts'
import { figuresText } from './pass-display.ts'
import { agoText, amount, durationText, shareText, sizeText } from './readable.ts'
import { textTable } from './ring-tables.ts'
import {
  type ClusterStatus,
  type DeviceStatus,
  quarantinedOn,
  type RingSummary,
  votersOn,
  type WorkerSummary,
} from './status-summary.ts'

/** Everything that an operator wants to see at a glance, the bad news first. */
export function statusPage(status: ClusterStatus): string {
  return [
    headline(status),
    section(
      'PROBLEMS',
      status.problems.map((problem) => `! ${problem}`),
    ),
    section('COPIES', copyLines(status)),
    section('DEVICES', [deviceTable(status.devices)]),
    section('QUEUES', queueLines(status.workers)),
    section('WORKERS', [workerTable(status.workers, status.nowMs)]),
    section('RINGS', status.rings.map(ringLine)),
    section(
      'PROXIES',
      status.proxies.map(({ address, problem }) => `${address}: ${problem ?? 'answers'}`),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function headline({ cluster, nowMs, devices, problems }: ClusterStatus): string {
  const hosts = new Set(devices.map(({ host }) => host)).size
  const answering = devices.filter(({ figures }) => figures !== undefined).length
  const health = problems.length === 0 ? 'all is well' : `${problems.length} problems`
  const at = new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')
  return `Cluster ${cluster}: ${health}. ${answering} of ${devices.length} devices on ${hosts} hosts answer. ${at} UTC`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines].join('\n')
}

function copyLines({ copies, nowMs }: ClusterStatus): readonly string[] {
  if (copies.length === 0) return ['not counted yet']
  return copies.map((figures) => `policy ${figures.policy}: ${copyText(figures, nowMs)}`)
}

function copyText(figures: CopyFigures, nowMs: number): string {
  const { objects, missingCopies, thinPartitions, sinceMs, countedMs, records, partitions } = figures
  if (countedMs === undefined) return 'not counted yet'
  const counted = `${amount(records)} records in ${amount(partitions)} partitions, counted ${agoText(countedMs, nowMs)}`
  if (objects === 0 || sinceMs === undefined) return `every object has all its copies (${counted})`
  const since = durationText((nowMs - sinceMs) / 1000)
  const where = `in ${amount(thinPartitions)} partitions since ${since}`
  return `${amount(objects)} objects lack ${amount(missingCopies)} copies ${where} (${counted})`
}

function deviceTable(devices: readonly DeviceStatus[]): string {
  const head = [
    'host',
    'zone',
    'device',
    'state',
    'used',
    'free',
    'full',
    'records',
    'containers',
    'accounts',
    'quarantine',
  ]
  return textTable(
    head,
    devices.map(({ host, zone, region, device, figures, problem }) => [
      host,
      `r${region}z${zone}`,
      device,
      ...(figures === undefined ? [problem ?? 'no answer'] : figureCells(figures)),
    ]),
  )
}

function figureCells(figures: DeviceFigures): readonly string[] {
  const { state, space, objects, containers, accounts } = figures
  const used = space === undefined ? 0 : space.totalBytes - space.freeBytes
  const kind =
    state.kind === 'ready' && votersOn(figures).joining > 0 ? 'joining' : state.kind.replace('_', ' ')
  return [
    kind,
    space === undefined ? '' : sizeText(used),
    space === undefined ? '' : sizeText(space.freeBytes),
    space === undefined ? '' : shareText(used, space.totalBytes),
    amount(objects.reduce((sum, { records }) => sum + records, 0)),
    amount(containers.count),
    amount(accounts.count),
    amount(quarantinedOn(figures)),
  ]
}

/** Live figures of workers that have any. */
function queueLines(workers: readonly WorkerSummary[]): readonly string[] {
  return workers
    .filter(({ live }) => Object.keys(live).length > 0)
    .map(({ name, live }) => {
      const text = figuresText(live)
      return `${name}: ${text === '' ? 'nothing waits' : text}`
    })
}

function workerTable(workers: readonly WorkerSummary[], nowMs: number): string {
  const rows = workers.map((worker) => [
    worker.name,
    stateText(worker),
    worker.lastEndedMs === undefined ? 'not on all devices yet' : agoText(worker.lastEndedMs, nowMs),
    worker.longestMs === undefined ? '' : durationText(worker.longestMs / 1000),
    resultText(worker),
  ])
  return textTable(['worker', 'now', 'last pass', 'took', 'of it'], rows)
}

function stateText({ states, progress }: WorkerSummary): string {
  const parts = Object.entries(states)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  if (progress !== undefined) {
    const left = progress.etaSeconds === undefined ? '' : `, ${durationText(progress.etaSeconds)} left`
    parts.push(`${(progress.share * 100).toFixed(0)} %${left}`)
  }
  return parts.join(', ')
}

function resultText({ found, repaired, waiting, failed }: WorkerSummary): string {
  const parts = Object.entries({ found, repaired, waiting }).flatMap(([part, figures]) => {
    const text = figuresText(figures)
    return text === '' ? [] : [`${part} ${text}`]
  })
  if (failed > 0) parts.push(`failed on ${failed}`)
  return parts.join('; ')
}

function ringLine({ name, versions, moving }: RingSummary): string {
  const [first] = versions
  const used =
    versions.length <= 1
      ? `version ${first?.version ?? '?'} everywhere`
      : versions.map(({ version, users }) => `version ${version ?? '?'} on ${users.join(', ')}`).join('; ')
  return `${name}: ${used}${moving.length === 0 ? '' : `, data still moving on ${moving.join(', ')}`}`
}
