/**
 * `martlet run WORKER --once`: asks the owner of every device for one pass of a worker, and shows how it goes. A device
 * of this machine that nobody owns is taken for as long as the pass lasts.
 */
import { piecesOf, readWhole } from '#http/message.ts'
import type { DeviceOutOfService } from '#node/open-device.ts'
import { type RunLine, WORKERS_PATH } from '#node/worker-admin.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { ClusterAccess, type ClusterArguments, type ClusterDevice } from './cluster-access.ts'
import { PassDisplay } from './pass-display.ts'
import { complain } from './report.ts'

export interface RunArguments extends ClusterArguments {
  readonly once?: true
  readonly device?: readonly string[]
  readonly json?: true
}

const SILENCE_MAX_MS = 60_000
const ERROR_BYTES_MAX = 64 * 1024
const PROGRESS_EVERY_MS = 500

/** What became of the pass on one device. */
type Outcome = { readonly report: PassReport } | { readonly problem: string }

/** Resolves when all devices are done. Exit code 1 when a pass failed or a device could not be asked. */
export async function run(worker: string, args: RunArguments): Promise<void> {
  if (args.once !== true) {
    return complain('workers run all the time by themselves; `martlet run WORKER --once` asks for one pass')
  }
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  try {
    const devices = access.select(args.device ?? [])
    if ('problem' in devices) return complain(devices.problem)
    const display = new PassDisplay(worker, devices, args.json === true ? 'json' : 'people')
    const show = (device: ClusterDevice, line: RunLine): void => display.show(device, line)
    const outcomes = await Promise.all(devices.map((device) => runOn(access, device, worker, show)))
    display.end()
    for (const [at, outcome] of outcomes.entries()) {
      if ('problem' in outcome) complain(`${devices[at]?.device}: ${outcome.problem}`)
      else if (outcome.report.ended !== 'complete') process.exitCode = 1
    }
  } finally {
    await access.close()
  }
}

type Show = (device: ClusterDevice, line: RunLine) => void

async function runOn(
  access: ClusterAccess,
  device: ClusterDevice,
  worker: string,
  show: Show,
): Promise<Outcome> {
  const path = `${WORKERS_PATH}/${encodeURIComponent(worker)}/run`
  const asked = await access.ask(device.inside, { method: 'POST', path, timeoutMs: SILENCE_MAX_MS })
  if (asked.kind === 'failed') {
    return asked.reason === 'not running'
      ? runWithoutOwner(access, device, worker, show)
      : { problem: asked.reason }
  }
  const { response } = asked
  if (response.status !== 200) {
    return {
      problem: (await readWhole(response.body, ERROR_BYTES_MAX)).toString() || `answer ${response.status}`,
    }
  }
  return follow(piecesOf(response.body), (line) => show(device, line))
}

/** Reads the lines of a pass until its report. */
async function follow(body: AsyncIterable<Buffer>, show: (line: RunLine) => void): Promise<Outcome> {
  try {
    for await (const text of linesOf(body)) {
      const line = JSON.parse(text) as RunLine
      show(line)
      if (line.kind === 'report') return { report: line.report }
    }
  } catch {
    // What the owner did not finish to say.
  }
  return { problem: 'the process of the device went away during the pass' }
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

async function runWithoutOwner(
  access: ClusterAccess,
  device: ClusterDevice,
  worker: string,
  show: Show,
): Promise<Outcome> {
  const taken = await access.take(device)
  if (taken === undefined) return { problem: `its process on ${device.host} is not running` }
  if ('failed' in taken) return { problem: taken.failed }
  process.stderr.write(`martlet: no process owns ${device.device}; it is taken for this pass\n`)
  try {
    return await runTaken(taken, device, worker, show)
  } finally {
    await taken.close()
  }
}

async function runTaken(
  { workers }: DeviceOutOfService,
  device: ClusterDevice,
  name: string,
  show: Show,
): Promise<Outcome> {
  const worker = workers.find((one) => one.name === name)
  if (worker === undefined) {
    return { problem: `there is no worker ${name}; there are ${workers.map((one) => one.name).join(', ')}` }
  }
  const stop = new AbortController()
  const interrupted = (): void => stop.abort(new Error('interrupted'))
  process.once('SIGINT', interrupted)
  const telling = setInterval(() => show(device, progressLine(device, worker)), PROGRESS_EVERY_MS)
  try {
    const report = await worker.runOnce({ pace: 'full', signal: stop.signal })
    show(device, { kind: 'report', device: device.device, report })
    return { report }
  } finally {
    clearInterval(telling)
    process.off('SIGINT', interrupted)
  }
}

function progressLine({ device }: ClusterDevice, worker: Worker): RunLine {
  return { kind: 'progress', device, progress: worker.progress() }
}
