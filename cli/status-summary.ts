/**
 * What the state of a cluster comes to: totals, and what is wrong in sentences, the worst first. Pure: everything was
 * asked before (`status.ts`).
 */
import { addUp, type CensusReport, type CopyFigures } from '#census/census-report.ts'
import type { DeviceFigures } from '#node/device-figures.ts'
import { amount, durationText } from './readable.ts'

/** A device as it answered, or why it did not. */
export interface DeviceStatus {
  readonly host: string
  readonly device: string
  readonly region: number
  readonly zone: number
  readonly figures: DeviceFigures | undefined
  /** `undefined` when it answered. */
  readonly problem: string | undefined
}

/** A worker over all devices. */
export interface WorkerSummary {
  readonly name: string
  /** How many devices are in each state. */
  readonly states: Readonly<Record<'passing' | 'resting' | 'paused' | 'stopped', number>>
  /** Share of the passes under way that is done, and when the last of them ends, seconds. */
  readonly progress: { readonly share: number; readonly etaSeconds: number | undefined } | undefined
  /** When the last pass ended on the device where that is longest ago; `undefined` when one device had none yet. */
  readonly lastEndedMs: number | undefined
  readonly longestMs: number | undefined
  readonly failed: number
  readonly found: Readonly<Record<string, number>>
  readonly repaired: Readonly<Record<string, number>>
  readonly waiting: Readonly<Record<string, number>>
  /** Summed, ages as the greatest. */
  readonly live: Readonly<Record<string, number>>
}

export interface RingSummary {
  readonly name: string
  /** Devices by version and content; one entry when all agree. */
  readonly versions: readonly {
    readonly version: number | undefined
    readonly md5: string | undefined
    readonly devices: readonly string[]
  }[]
}

export interface ClusterStatus {
  readonly cluster: string
  readonly nowMs: number
  readonly problems: readonly string[]
  readonly devices: readonly DeviceStatus[]
  readonly copies: readonly CopyFigures[]
  readonly workers: readonly WorkerSummary[]
  readonly rings: readonly RingSummary[]
}

export interface Asked {
  readonly cluster: string
  readonly nowMs: number
  readonly devices: readonly DeviceStatus[]
  readonly census: readonly CensusReport[]
  /** Rings as this command read them. */
  readonly ownRings: Readonly<
    Record<string, { readonly version: number | undefined; readonly md5: string | undefined }>
  >
}

/** A queue whose oldest entry waits longer than this is a problem, seconds. */
const QUEUE_AGE_MAX_SECONDS = 3600
const CLOCK_DIFFERENCE_MAX_MS = 10_000

/** Puts together what was asked. */
export function summarise({ cluster, nowMs, devices, census, ownRings }: Asked): ClusterStatus {
  const copies = addUp(census)
  const workers = workersOf(devices)
  const rings = ringsOf(devices, ownRings)
  const problems = [
    ...copies.flatMap((figures) => copyProblems(figures, nowMs)),
    ...devices.flatMap((device) => deviceProblems(device, nowMs)),
    ...workers.flatMap(workerProblems),
    ...rings.flatMap(ringProblems),
  ]
  return { cluster, nowMs, problems, devices, copies, workers, rings }
}

function copyProblems(figures: CopyFigures, nowMs: number): readonly string[] {
  const { policy, objects, lastCopies, sinceMs, uncounted } = figures
  const problems: string[] = []
  if (objects > 0 && sinceMs !== undefined) {
    const since = durationText((nowMs - sinceMs) / 1000)
    const last = lastCopies === 0 ? '' : `, ${amount(lastCopies)} of them a single one or none`
    problems.push(
      `policy ${policy}: ${amount(objects)} objects have fewer good copies than they should${last}, since ${since}`,
    )
  }
  if (uncounted > 0)
    problems.push(`policy ${policy}: the copies of ${amount(uncounted)} partitions could not be counted`)
  return problems
}

function deviceProblems(status: DeviceStatus, nowMs: number): readonly string[] {
  const name = `${status.host} ${status.device}`
  const { figures } = status
  if (figures === undefined) return [`${name}: ${status.problem ?? 'no answer'}`]
  const problems: string[] = []
  const { state } = figures
  if (state.kind !== 'ready') {
    problems.push(
      `${name} is ${state.kind.replace('_', ' ')}${state.kind === 'failed' ? ` (${state.reason})` : ''}`,
    )
  }
  if (isJoining(figures))
    problems.push(`${name} is joining: it lost or missed something and is being made complete`)
  const quarantined = quarantinedOn(figures)
  if (quarantined > 0) problems.push(`${name} has ${amount(quarantined)} in quarantine`)
  const apartMs = Math.abs(figures.nowMs - nowMs)
  if (apartMs > CLOCK_DIFFERENCE_MAX_MS)
    problems.push(`${name}: its clock differs by ${durationText(apartMs / 1000)}`)
  return problems
}

/** Does any replica on the device not vote? */
export function isJoining({ objects, containers, accounts }: DeviceFigures): boolean {
  return [...objects, containers, accounts].some(
    ({ voters }) => voters.device === 'joining' || voters.exceptions > 0,
  )
}

/** Files and whole indexes that were taken out of service. */
export function quarantinedOn({ objects, containers, accounts }: DeviceFigures): number {
  const files = objects.reduce((sum, { quarantined }) => sum + quarantined, 0)
  return files + containers.quarantined + accounts.quarantined
}

function workerProblems({ name, states, failed, live }: WorkerSummary): readonly string[] {
  const problems: string[] = []
  if (states.paused > 0) problems.push(`${name} is paused on ${states.paused} devices`)
  if (failed > 0) problems.push(`the last pass of ${name} failed on ${failed} devices`)
  const oldest = live['oldest_seconds'] ?? 0
  if (oldest > QUEUE_AGE_MAX_SECONDS)
    problems.push(`the oldest that ${name} has to do waits for ${durationText(oldest)}`)
  return problems
}

function ringProblems({ name, versions }: RingSummary): readonly string[] {
  if (versions.length <= 1) return []
  const each = versions.map(({ version, devices }) => `version ${version ?? '?'} on ${devices.join(', ')}`)
  return [`the ${name} ring is not the same everywhere: ${each.join('; ')}`]
}

function workersOf(devices: readonly DeviceStatus[]): readonly WorkerSummary[] {
  const all = devices.flatMap(({ figures }) => figures?.workers ?? [])
  const names = [...new Set(all.map(({ name }) => name))]
  return names.map((name) => summaryOf(name, all))
}

function summaryOf(name: string, all: DeviceFigures['workers']): WorkerSummary {
  const workers = all.filter((worker) => worker.name === name)
  const states = { passing: 0, resting: 0, paused: 0, stopped: 0 }
  for (const { state } of workers) states[state.kind] += 1
  const last = workers.flatMap(({ lastPass }) => (lastPass === undefined ? [] : [lastPass]))
  const ends = last.map(({ startedMs, durationMs }) => startedMs + durationMs)
  return {
    name,
    states,
    progress: progressOf(workers),
    lastEndedMs: last.length < workers.length || last.length === 0 ? undefined : Math.min(...ends),
    longestMs: last.length === 0 ? undefined : Math.max(...last.map(({ durationMs }) => durationMs)),
    failed: last.filter(({ ended }) => ended === 'failed').length,
    found: combined(last.map(({ found }) => found)),
    repaired: combined(last.map(({ repaired }) => repaired)),
    waiting: combined(last.map(({ waiting }) => waiting)),
    live: combined(workers.map(({ live }) => live)),
  }
}

function progressOf(workers: DeviceFigures['workers']): WorkerSummary['progress'] {
  const running = workers.flatMap(({ progress }) => (progress?.total === undefined ? [] : [progress]))
  if (running.length === 0) return undefined
  const done = running.reduce((sum, one) => sum + one.done, 0)
  const total = running.reduce((sum, one) => sum + (one.total ?? 0), 0)
  const etas = running.flatMap(({ etaSeconds }) => (etaSeconds === undefined ? [] : [etaSeconds]))
  return {
    share: total === 0 ? 0 : done / total,
    etaSeconds: etas.length < running.length ? undefined : Math.max(...etas),
  }
}

/** Figures of several devices: counts are summed, of ages and lags the greatest counts. */
export function combined(
  figures: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const [name, value] of figures.flatMap(Object.entries) as [string, number][]) {
    const before = sums[name] ?? 0
    sums[name] = name.endsWith('_seconds') ? Math.max(before, value) : before + value
  }
  return sums
}

function ringsOf(devices: readonly DeviceStatus[], own: Asked['ownRings']): readonly RingSummary[] {
  return Object.entries(own).map(([name, { version, md5 }]) => {
    const versions = [{ version, md5, devices: ['this machine'] }]
    for (const { device, host, figures } of devices) {
      const ring = figures?.rings[name]
      if (ring === undefined) continue
      const same = versions.find((one) => one.md5 === ring.md5 && one.version === ring.version)
      if (same === undefined) versions.push({ ...ring, devices: [`${host} ${device}`] })
      else same.devices.push(`${host} ${device}`)
    }
    return { name, versions }
  })
}
