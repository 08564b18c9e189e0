/**
 * Starts server processes for a measurement and stops exactly those again. Every process leads a group of its own,
 * so that stopping it stops its children too and nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 50
/** How long a process may take to end after SIGTERM before it gets SIGKILL, milliseconds. */
const GRACE_MS = 10_000

export interface Command {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  /** Standard output and error go here. */
  readonly logFile: string
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
}

export interface StartedProcess {
  readonly name: string
  readonly pid: number
  readonly child: ChildProcess
}

/** Starts a process as leader of a new group. Throws when the program does not exist. */
export async function startProcess(command: Command): Promise<StartedProcess> {
  const log = openSync(command.logFile, 'a')
  try {
    const child = spawn(command.program, command.args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...command.environment },
      ...(command.directory === undefined ? {} : { cwd: command.directory }),
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    return { name: command.name, pid: child.pid ?? 0, child }
  } finally {
    closeSync(log)
  }
}

/**
 * SIGTERM to the leader, who ends its children itself; SIGKILL to the whole group after the grace time. Resolves when
 * the whole group is gone.
 */
export async function stopProcess(started: Pick<StartedProcess, 'pid'>, graceMs = GRACE_MS): Promise<void> {
  signal(started.pid, 'SIGTERM')
  for (let waited = 0; groupLives(started.pid); waited += POLL_MS) {
    if (waited >= graceMs) signal(-started.pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
}

/** Resolves once something listens on the port; throws when `process` ends first or the time is over. */
export async function waitForPort(port: number, process?: StartedProcess, timeoutMs = 60_000): Promise<void> {
  for (let waited = 0; waited < timeoutMs; waited += POLL_MS) {
    if (await portListens(port)) return
    if (process !== undefined && hasEnded(process)) {
      throw new Error(`${process.name} ended before it listened on port ${port}`)
    }
    await sleep(POLL_MS)
  }
  throw new Error(`nothing listens on port ${port} after ${timeoutMs / 1000} s`)
}

/** Whether a TCP connection to the loopback port is accepted. */
export function portListens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (listens: boolean): void => {
      socket.destroy()
      resolve(listens)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}

/** Start time of a process in clock ticks since boot: with the pid it names a process for ever. */
export function processStartTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function hasEnded(started: StartedProcess): boolean {
  return started.child.exitCode !== null || started.child.signalCode !== null
}

function groupLives(pid: number): boolean {
  return signal(-pid, 0)
}

/** False when there is no such process, or no process left in the group (a negative number). */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}
