/** Runs a command and tells how long it took and how much memory it had at its peak. Linux only (`/proc`). */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface MeasuredCommand {
  readonly seconds: number
  /** Processor time of all its threads, user and system; its last `LOOK_EVERY_MS` are missed. */
  readonly cpuSeconds: number
  /** The largest resident set that was seen, bytes. What it grew by in its last `LOOK_EVERY_MS` is missed. */
  readonly peakBytes: number
  readonly output: string
}

const LOOK_EVERY_MS = 20
/** Clock ticks per second of `/proc/PID/stat` (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100

/** Resolves when the command has ended with one of the exit codes allowed; else rejects with what it printed. */
export async function runMeasured(
  command: readonly [program: string, ...args: string[]],
  allowedCodes: readonly number[] = [0],
): Promise<MeasuredCommand> {
  const [program, ...args] = command
  const started = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  let [peakBytes, cpuSeconds] = [0, 0]
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid ?? 0))
    cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid ?? 0))
  }, LOOK_EVERY_MS)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    if (code === null || !allowedCodes.includes(code))
      throw new Error(`${program} ${args.slice(0, 4).join(' ')} ended with ${code}: ${output.slice(-2000)}`)
  } finally {
    clearInterval(timer)
  }
  return { seconds: (performance.now() - started) / 1000, cpuSeconds, peakBytes, output }
}

/** The high-water mark of a process's resident set; 0 when it is gone. */
function peakOf(pid: number): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kibibytes ?? 0) * 1024
  } catch {
    return 0
  }
}

/** User and system time of a process so far, seconds; 0 when it is gone. */
function cpuOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}
