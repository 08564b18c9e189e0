/** The one page of `martlet status`. */
import type { DeviceFigures } from '#node/device-figures.ts'
import { figuresText } from './pass-display.ts'
import { agoText, amount, durationText, shareText, sizeText } from './readable.ts'
import { textTable } from './ring-tables.ts'
import { copyText, deviceStateText, headline, resultText, ringText, stateText } from './status-sentences.ts'
import {
  type ClusterStatus,
  type DeviceStatus,
  quarantinedOn,
  recordsOn,
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
    section(
      'RINGS',
      status.rings.map((ring) => `${ring.name}: ${ringText(ring)}`),
    ),
    section(
      'PROXIES',
      status.proxies.map(({ address, problem }) => `${address}: ${problem ?? 'answers'}`),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines].join('\n')
}

function copyLines({ copies, nowMs }: ClusterStatus): readonly string[] {
  if (copies.length === 0) return ['not counted yet']
  return copies.map((figures) => `policy ${figures.policy}: ${copyText(figures, nowMs)}`)
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
  const { space, containers, accounts } = figures
  const used = space === undefined ? 0 : space.totalBytes - space.freeBytes
  return [
    deviceStateText(figures),
    space === undefined ? '' : sizeText(used),
    space === undefined ? '' : sizeText(space.freeBytes),
    space === undefined ? '' : shareText(used, space.totalBytes),
    amount(recordsOn(figures)),
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
