/**
 * What the state of a cluster comes to: totals, and what is wrong in sentences, the worst first. Pure: everything was
 * asked before (`status.ts`).
 */
import type { ClockStanding } from '#backend/clock-standing.ts'
import { addUp, type CensusReport, type CopyFigures } from '#census/census-report.ts'
import type { DeviceFigures, VoterFigures } from '#node/device-figures.ts'
import type { RingReport } from '#node/ring-distribution.ts'
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
  /** Who uses which; one entry when all agree. This machine's files come first. */
  readonly versions: readonly {
    readonly version: number | null
    /** SHA-256 of the file. */
    readonly digest: string
    readonly users: readonly string[]
  }[]
  /** Devices that are still to get something that the ring gives them, or to hand something over. */
  readonly moving: readonly string[]
}

/** A proxy process of the configuration. */
export interface ProxyStatus {
  readonly address: string
  readonly problem: string | undefined
}

/** The rings that a process uses, or those in the files of this machine. */
export interface RingUser {
  readonly name: string
  readonly rings: readonly Pick<RingReport, 'name' | 'version' | 'digest' | 'settled'>[]
}

export interface ClusterStatus {
  readonly cluster: string
  readonly nowMs: number
  readonly problems: readonly string[]
  readonly devices: readonly DeviceStatus[]
  readonly copies: readonly CopyFigures[]
  readonly workers: readonly WorkerSummary[]
  readonly rings: readonly RingSummary[]
  readonly proxies: readonly ProxyStatus[]
}

export interface Asked {
  readonly cluster: string
  readonly nowMs: number
  readonly devices: readonly DeviceStatus[]
  readonly census: readonly CensusReport[]
  /** Partitions of the object rings, by policy. */
  readonly partitions: ReadonlyMap<number, number>
  readonly proxies: readonly ProxyStatus[]
  /** This machine's files first. */
  readonly ringUsers: readonly RingUser[]
}

/** A queue whose oldest entry waits longer than this is a problem, seconds. */
const QUEUE_AGE_MAX_SECONDS = 3600
const CLOCK_DIFFERENCE_MAX_MS = 10_000

/** Puts together what was asked. */
export function summarise(asked: Asked): ClusterStatus {
  const { cluster, nowMs, devices, census, partitions, proxies, ringUsers } = asked
  const copies = addUp(census).map((figures) => withSilent(figures, partitions.get(figures.policy)))
  const workers = workersOf(devices)
  const rings = ringsOf(ringUsers)
  const problems = [
    ...copies.flatMap((figures) => copyProblems(figures, nowMs)),
    ...devices.flatMap((device) => deviceProblems(device, nowMs)),
    ...workers.flatMap(workerProblems),
    ...rings.flatMap(ringProblems),
    ...proxies.flatMap(({ address, problem }) =>
      problem === undefined ? [] : [`proxy ${address}: ${problem}`],
    ),
  ]
  return { cluster, nowMs, problems, devices, copies, workers, rings, proxies }
}

/** Partitions none of whose primaries is there to speak for them have not been counted either. */
function withSilent(figures: CopyFigures, all: number | undefined): CopyFigures {
  if (all === undefined || figures.countedMs === undefined) return figures
  return { ...figures, uncounted: figures.uncounted + Math.max(0, all - figures.partitions) }
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
  problems.push(...joiningProblems(name, figures))
  const quarantined = quarantinedOn(figures)
  if (quarantined > 0) problems.push(`${name} has ${amount(quarantined)} in quarantine`)
  problems.push(...clockProblems(name, figures.clock))
  const apartMs = Math.abs(figures.nowMs - nowMs)
  if (apartMs > CLOCK_DIFFERENCE_MAX_MS)
    problems.push(`${name}: its clock differs by ${durationText(apartMs / 1000)}`)
  return problems
}

/** What is said of the clock of a machine that cannot be believed, and what follows from that. */
const CLOCK_SENTENCES: Readonly<Record<Exclude<ClockStanding['kind'], 'good'>, string>> = {
  behind: 'behind the time that it had before or that other hosts have; set it right',
  leapt: 'ahead of when it was last seen, and no other host confirms that; in an hour it is believed',
  ahead: 'ahead of most other hosts: the device takes no writes; set it right',
  unsure: 'apart from that of another host, and too few answer to tell who is right',
}

function clockProblems(name: string, standing: ClockStanding | undefined): readonly string[] {
  if (standing === undefined || standing.kind === 'good') return []
  const by = durationText(standing.byMs / 1000)
  return [
    `${name}: its clock is ${by} ${CLOCK_SENTENCES[standing.kind]}. Nothing is given up or deleted for its age meanwhile`,
  ]
}

/** A device that lost or missed something does not vote before it has been made complete. */
function joiningProblems(name: string, figures: DeviceFigures): readonly string[] {
  const { joining, partitions } = votersOn(figures)
  if (joining === 0) return []
  const share = joining === partitions ? 'all' : `${amount(joining)} of ${amount(partitions)}`
  return [
    `${name} is joining with ${share} of its replicas: they lost or missed something and are being made complete`,
  ]
}

/** Replicas of accounts, containers and objects together. */
export function votersOn({ objects, containers, accounts }: DeviceFigures): VoterFigures {
  const all = [...objects, containers, accounts].map(({ voters }) => voters)
  return {
    partitions: all.reduce((sum, { partitions }) => sum + partitions, 0),
    joining: all.reduce((sum, { joining }) => sum + joining, 0),
  }
}

/** Objects and tombstones, of all policies. */
export function recordsOn({ objects }: DeviceFigures): number {
  return objects.reduce((sum, { records }) => sum + records, 0)
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
  const each = versions.map(({ version, users }) => `version ${version ?? '?'} on ${users.join(', ')}`)
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

function ringsOf(users: readonly RingUser[]): readonly RingSummary[] {
  const names = [...new Set(users.flatMap(({ rings }) => rings.map(({ name }) => name)))]
  return names.map((name) => {
    const versions: { version: number | null; digest: string; users: string[] }[] = []
    const moving: string[] = []
    for (const { name: user, rings } of users) {
      const ring = rings.find((one) => one.name === name)
      if (ring === undefined) continue
      if (!ring.settled) moving.push(user)
      const same = versions.find(({ digest }) => digest === ring.digest)
      if (same === undefined) versions.push({ version: ring.version, digest: ring.digest, users: [user] })
      else same.users.push(user)
    }
    return { name, versions, moving }
  })
}
