/** What a measurement of replication comes to, for people. */
import { usageOf } from './process-usage.ts'

export interface ReplicationPlan {
  readonly objects: number
  readonly objectBytes: number
  readonly connections: number
  /** `requests`: put one by one, as clients do. `direct`: written by each side's own engine, without a sync. */
  readonly filling: 'requests' | 'direct'
}

export interface ReplicationFigures {
  readonly name: string
  readonly objects: number
  /** Objects that the lost device had, and has again. */
  readonly lost: number
  readonly missing: number
  /** From the command to replicate, with all servers running, until the lost device has everything again. */
  readonly refillSeconds: number
  /** One pass of all devices when nothing is missing. */
  readonly idleSeconds: number
  /** Processor time of all servers and of the command, for the same. */
  readonly refillCpuSeconds: number
  readonly idleCpuSeconds: number
}

export interface Timed {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** How long the work takes, and the processor time of everything that this process started, meanwhile. */
export async function timed(work: () => Promise<void>): Promise<Timed> {
  const before = usageOf([process.pid]).cpuSeconds
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  return { seconds, cpuSeconds: usageOf([process.pid]).cpuSeconds - before }
}

export function replicationTable(results: readonly ReplicationFigures[]): string {
  const lines = [
    '| | objects | lost with the device | still missing | refilled in | per second | CPU seconds | idle pass of all devices | CPU seconds |',
    '|---|---|---|---|---|---|---|---|---|',
    ...results.map(row),
  ]
  const [first, second] = results
  if (first !== undefined && second !== undefined) {
    const refill = first.refillSeconds / second.refillSeconds
    const refillCpu = first.refillCpuSeconds / second.refillCpuSeconds
    const idle = first.idleSeconds / second.idleSeconds
    lines.push(
      '',
      `refill: ${refill.toFixed(1)} times as fast, with ${(1 / refillCpu).toFixed(2)} of the CPU time`,
    )
    lines.push(`idle pass: ${idle.toFixed(1)} times as fast`)
  }
  return lines.join('\n')
}

function row(figures: ReplicationFigures): string {
  const { name, objects, lost, missing, refillSeconds, idleSeconds, refillCpuSeconds, idleCpuSeconds } =
    figures
  const cells = [
    name,
    objects,
    lost,
    missing,
    `${refillSeconds.toFixed(1)} s`,
    Math.round((lost - missing) / refillSeconds),
    refillCpuSeconds.toFixed(1),
    `${idleSeconds.toFixed(2)} s`,
    idleCpuSeconds.toFixed(1),
  ]
  return `| ${cells.join(' | ')} |`
}
