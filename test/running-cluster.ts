/**
 * Starts a cluster as a person does, with the `martlet` command, on free ports and in a directory of its own, and stops
 * exactly the processes it started, by their ids, whatever becomes of the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export const MARTLET = fileURLToPath(new URL('../cli/martlet.mjs', import.meta.url))
const READY_WITHIN_MS = 90_000
const STOP_WITHIN_MS = 60_000
const POLL_MS = 20

export interface ClusterOptions {
  /** An existing data directory; a new temporary one by default. */
  readonly dataPath?: string
  /** Text of a configuration file. */
  readonly config?: string
  readonly arguments?: readonly string[]
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A test, or what else ends at some time and then clears away what was made for it. */
export type Lifetime = Pick<Test, 'teardown'>

/** A directory that goes away with the test. */
export function temporaryDirectory(t: Lifetime): string {
  const path = mkdtempSync(join(tmpdir(), 'martlet-test-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  return path
}

/** A `martlet` command that runs until it is stopped. */
export class RunningMartlet {
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>
  #output = ''
  #over: Ended | undefined

  /** `before`: words that run what follows them, on another host for example. */
  constructor(args: readonly string[], before: readonly string[] = []) {
    const [program, ...words] = [...before, process.execPath, MARTLET, ...args] as [string, ...string[]]
    this.#child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk))
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code, signal) => {
        this.#over = { code, signal }
        resolve(this.#over)
      })
    })
  }

  /** Everything that was printed so far. */
  get output(): string {
    return this.#output
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves when the command has ended by itself or by a signal. */
  get ended(): Promise<Ended> {
    return this.#ended
  }

  /** Process ids of its children by what they run: `d1`, `d2`…, `proxy-1`. */
  get children(): ReadonlyMap<string, number> {
    return new Map(childrenOf(this.pid).map((pid) => [commandLine(pid).at(-1) ?? '', pid]))
  }

  /** Resolves when the pattern was printed; throws when the command ends first. */
  async printed(pattern: RegExp, withinMs = READY_WITHIN_MS): Promise<RegExpExecArray> {
    for (let waitedMs = 0; waitedMs < withinMs; waitedMs += POLL_MS) {
      const match = pattern.exec(this.#output)
      if (match !== null) return match
      if (this.#over !== undefined) break
      await sleep(POLL_MS)
    }
    throw new Error(`${pattern} was not printed:\n${this.#output}`)
  }

  /** SIGTERM, and SIGKILL for what is left when its time is over. */
  async stop(): Promise<Ended> {
    if (this.#over !== undefined) return this.#over
    const family = [this.pid, ...childrenOf(this.pid)]
    signal(this.pid, 'SIGTERM')
    const inTime = await Promise.race([
      this.#ended.then(() => true),
      sleep(STOP_WITHIN_MS, false, { ref: false }),
    ])
    if (!inTime) for (const pid of family) signal(pid, 'SIGKILL')
    return this.#ended
  }

  /** The machine's power is cut, as far as a process can tell: SIGKILL to all at once. */
  async killAll(): Promise<void> {
    const family = [this.pid, ...childrenOf(this.pid)]
    for (const pid of family) signal(pid, 'SIGKILL')
    await this.#ended
    while (family.some(isRunning)) await sleep(POLL_MS)
  }
}

/** A whole cluster of `martlet start`. */
export class RunningCluster {
  readonly martlet: RunningMartlet
  readonly dataPath: string
  readonly url: string

  constructor(martlet: RunningMartlet, dataPath: string, url: string) {
    this.martlet = martlet
    this.dataPath = dataPath
    this.url = url
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** Process ids by device. */
  get devices(): ReadonlyMap<string, number> {
    return this.martlet.children
  }

  stop(): Promise<Ended> {
    return this.martlet.stop()
  }
}

/** Starts a cluster and resolves when it says that it is ready; it is stopped when the test ends. */
export async function startCluster(t: Test, options: ClusterOptions = {}): Promise<RunningCluster> {
  const dataPath = options.dataPath ?? join(temporaryDirectory(t), 'data')
  const args = ['start', '--port', '0', '--data', dataPath, ...(options.arguments ?? [])]
  if (options.config !== undefined) args.push('--config', configFile(t, options.config))
  const martlet = new RunningMartlet(args)
  t.teardown(() => martlet.stop())
  const [, url = ''] = await martlet.printed(/ready at (https?:\/\/\S+)/i)
  return new RunningCluster(martlet, dataPath, url)
}

/** A configuration file that goes away with the test. */
export function configFile(t: Lifetime, text: string): string {
  const path = join(temporaryDirectory(t), 'martlet.toml')
  writeFileSync(path, text)
  return path
}

/** Sends a signal to one process; a process that is gone does not mind. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

/** Does the process exist and still run (a zombie does not)? */
export function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false
  const stat = readIfThere(`/proc/${pid}/stat`)
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
}

/** Memory that the process has in RAM now, bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readIfThere(`/proc/${pid}/status`))
  return Number(match?.[1] ?? 0) * 1024
}

function childrenOf(pid: number): readonly number[] {
  const listed = readIfThere(`/proc/${pid}/task/${pid}/children`).trim()
  return listed === '' ? [] : listed.split(' ').map(Number)
}

function commandLine(pid: number): readonly string[] {
  return readIfThere(`/proc/${pid}/cmdline`).split('\0').slice(0, -1)
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
