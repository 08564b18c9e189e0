/**
 * Loaded into every process of a cluster under measurement (`--import`). SIGUSR2 starts the sampling profiler, the
 * next SIGUSR2 stops it and writes `<pid>.cpuprofile` and `<pid>.json` (`ProfiledProcess`) to the folder of
 * `MARTLET_PROFILE_FOLDER`. So a profile covers a workload and nothing else, and needs no orderly exit.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import path from 'node:path'
import { isMainThread } from 'node:worker_threads'

/** What the profiler does not see: processor time by thread, microseconds, and how busy the event loop was. */
export interface ProfiledProcess {
  readonly pid: number
  readonly command: readonly string[]
  readonly cpuMicros: NodeJS.CpuUsage
  readonly mainThreadMicros: NodeJS.CpuUsage
  /** Share of the time in which the event loop had work, 0 to 1. */
  readonly loopUtilization: number
}

const SAMPLING_MICROS = 250
const folder = process.env['MARTLET_PROFILE_FOLDER']

interface Running {
  readonly session: Session
  readonly cpu: NodeJS.CpuUsage
  readonly mainThread: NodeJS.CpuUsage
  readonly loop: ReturnType<typeof performance.eventLoopUtilization>
}

let running: Running | undefined

async function start(): Promise<Running> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROS })
  await session.post('Profiler.start')
  const [cpu, mainThread] = [process.cpuUsage(), process.threadCpuUsage()]
  return { session, cpu, mainThread, loop: performance.eventLoopUtilization() }
}

async function stop(started: Running, into: string): Promise<void> {
  const about: ProfiledProcess = {
    pid: process.pid,
    command: process.argv.slice(1),
    cpuMicros: process.cpuUsage(started.cpu),
    mainThreadMicros: process.threadCpuUsage(started.mainThread),
    loopUtilization: performance.eventLoopUtilization(started.loop).utilization,
  }
  const { profile } = await started.session.post('Profiler.stop')
  started.session.disconnect()
  writeWhole(path.join(into, `${process.pid}.cpuprofile`), JSON.stringify(profile))
  writeWhole(path.join(into, `${process.pid}.json`), JSON.stringify(about))
}

/** Renamed into place, so that whoever waits for the file never reads half of it. */
function writeWhole(file: string, contents: string): void {
  writeFileSync(`${file}.part`, contents)
  renameSync(`${file}.part`, file)
}

async function toggle(into: string): Promise<void> {
  const started = running
  running = undefined
  if (started === undefined) running = await start()
  else await stop(started, into)
}

if (isMainThread && folder !== undefined) process.on('SIGUSR2', () => void toggle(folder))
