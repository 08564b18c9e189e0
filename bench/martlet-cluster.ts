/** Starts `martlet start` on an empty data folder for a measurement, and stops it again. */
import { mkdirSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { portListens, startProcess, stopProcess } from './child-processes.ts'

const READY_TIMEOUT_MS = 60_000
const POLL_MS = 20

export interface MartletOptions {
  readonly port?: number
  /** Kept afterwards when given; else a folder of its own that goes at the end. */
  readonly data?: string
  readonly environment?: Readonly<Record<string, string>>
  /** More arguments of `martlet start`. */
  readonly args?: readonly string[]
}

export interface MartletCluster {
  readonly url: string
  readonly pid: number
  /** From the start of the command to the first answer of the health check, seconds. */
  readonly readySeconds: number
  readonly data: string
  readonly logFile: string
  stop(): Promise<void>
}

/** Resolves once the cluster answers. Throws when the port is taken or the cluster does not come up. */
export async function startMartlet(options: MartletOptions = {}): Promise<MartletCluster> {
  const port = options.port ?? 18090
  if (await portListens(port)) throw new Error(`port ${port} is in use`)
  const home = await mkdtemp(path.join(tmpdir(), 'martlet-bench-'))
  const data = options.data ?? path.join(home, 'data')
  mkdirSync(data, { recursive: true })
  const cli = path.join(import.meta.dirname, '..', 'cli', 'martlet.mjs')
  const logFile = path.join(home, 'martlet.log')
  const started = performance.now()
  const martlet = await startProcess({
    name: 'martlet',
    program: process.execPath,
    args: [cli, 'start', '--port', String(port), '--data', data, ...(options.args ?? [])],
    logFile,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  })
  const stop = async (): Promise<void> => {
    await stopProcess(martlet, 30_000)
    rmSync(home, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await answers(`${url}/healthcheck`, () => martlet.child.exitCode !== null, logFile)
  } catch (error) {
    await stopProcess(martlet, 1000)
    throw error
  }
  return { url, pid: martlet.pid, readySeconds: (performance.now() - started) / 1000, data, logFile, stop }
}

async function answers(url: string, hasEnded: () => boolean, logFile: string): Promise<void> {
  for (let waited = 0; waited < READY_TIMEOUT_MS; waited += POLL_MS) {
    if (hasEnded()) throw new Error(`martlet start ended; see ${logFile}`)
    const response = await fetch(url).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.ok === true) return
    await sleep(POLL_MS)
  }
  throw new Error(`martlet start does not answer after ${READY_TIMEOUT_MS / 1000} s; see ${logFile}`)
}
