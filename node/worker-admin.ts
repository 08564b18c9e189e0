/**
 * What an operator may ask the owner of a device about its workers, below `/martlet/workers`:
 *
 *     GET  /martlet/workers                           all of them, with progress and last pass
 *     POST /martlet/workers/NAME/run                  one whole pass at full pace; JSON lines until it is over
 *     POST /martlet/workers/NAME/pause?seconds=N      no passes for so long
 *     POST /martlet/workers/NAME/resume
 *
 * A pass that was asked for goes on when the asker is gone.
 */
import { textAnswer } from '#backend/answers.ts'
import type { Clock } from '#base/environment.ts'
import type { BodyStream, Handler, Request, Response } from '#http/message.ts'
import type { Figures, PassProgress, PassReport } from '#worker/contract.ts'
import type { LoopState, WorkerLoop } from '#worker/loop.ts'

export const WORKERS_PATH = '/martlet/workers'

/** One worker of a device, as an operator sees it. */
export interface WorkerStatus {
  readonly name: string
  readonly state: LoopState
  readonly progress: PassProgress | undefined
  readonly lastPass: PassReport | undefined
  /** Figures of this moment; empty for a worker that has none. */
  readonly live: Figures
}

/** One line of the answer to `run`. */
export type RunLine =
  | { readonly kind: 'progress'; readonly device: string; readonly progress: PassProgress | undefined }
  | { readonly kind: 'report'; readonly device: string; readonly report: PassReport }

export interface WorkerAdminOptions {
  readonly device: string
  readonly clock: Clock
  readonly loops: readonly WorkerLoop[]
}

const PROGRESS_EVERY_MS = 500
/** A pause is at most so long: within `reclaim_age`, so that no replica misses deletes for good (7 days). */
export const PAUSE_SECONDS_MAX = 604_800

export function workerAdmin(options: WorkerAdminOptions): Handler {
  return async (request) => {
    await request.body.cancel()
    const [, name, order] = request.path.slice(WORKERS_PATH.length).split('/')
    if (name === undefined)
      return request.method === 'GET' ? jsonAnswer(await allOf(options)) : notAllowed('GET')
    const loop = options.loops.find(({ worker }) => worker.name === name)
    if (loop === undefined) return textAnswer(404, noSuchWorker(name, options))
    return request.method === 'POST' ? carryOut(loop, order, request, options) : notAllowed('POST')
  }
}

/** The states of all workers of a device. */
export async function allOf({ loops }: WorkerAdminOptions): Promise<readonly WorkerStatus[]> {
  return Promise.all(
    loops.map(async (loop): Promise<WorkerStatus> => {
      const { worker } = loop
      return {
        name: worker.name,
        state: loop.state(),
        progress: worker.progress(),
        lastPass: worker.lastPass(),
        live: (await worker.live?.().catch(() => undefined)) ?? {},
      }
    }),
  )
}

async function carryOut(
  loop: WorkerLoop,
  order: string | undefined,
  { query }: Request,
  { device, clock }: WorkerAdminOptions,
): Promise<Response> {
  switch (order) {
    case 'run':
      return {
        status: 200,
        headers: { 'content-type': 'application/x-ndjson' },
        body: new RunStream(loop, device, clock),
      }
    case 'pause': {
      const seconds = Number(new URLSearchParams(query).get('seconds') ?? Number.NaN)
      if (!(seconds > 0 && seconds <= PAUSE_SECONDS_MAX))
        return textAnswer(400, `A pause has seconds=1 to seconds=${PAUSE_SECONDS_MAX}`)
      await loop.pause(clock.wallMs() + seconds * 1000)
      return jsonAnswer(loop.state())
    }
    case 'resume':
      await loop.resume()
      return jsonAnswer(loop.state())
    case undefined:
    default:
      return textAnswer(404, 'A worker can be told to run, pause and resume')
  }
}

/** Lines of a pass that a person asked for. */
class RunStream implements BodyStream {
  readonly #loop: WorkerLoop
  readonly #device: string
  readonly #clock: Clock
  readonly #report: Promise<PassReport>
  readonly #cancelled = new AbortController()

  constructor(loop: WorkerLoop, device: string, clock: Clock) {
    this.#loop = loop
    this.#device = device
    this.#clock = clock
    this.#report = loop.runNow()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const device = this.#device
    for (;;) {
      const report = await this.#reportWithin(PROGRESS_EVERY_MS)
      this.#cancelled.signal.throwIfAborted()
      if (report !== undefined) {
        yield lineOf({ kind: 'report', device, report })
        return
      }
      yield lineOf({ kind: 'progress', device, progress: this.#loop.worker.progress() })
    }
  }

  async cancel(): Promise<void> {
    this.#cancelled.abort(new Error('nobody reads any more'))
  }

  async #reportWithin(waitMs: number): Promise<PassReport | undefined> {
    const timeUp = Promise.withResolvers<undefined>()
    const timer = this.#clock.setTimer(waitMs, () => timeUp.resolve(undefined))
    const report = await Promise.race([this.#report, timeUp.promise])
    timer.cancel()
    return report
  }
}

function lineOf(line: RunLine): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

/** An answer for programs. */
export function jsonAnswer(value: unknown): Response {
  const body = Buffer.from(JSON.stringify(value))
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  }
}

function notAllowed(allow: string): Response {
  return textAnswer(405, `Only ${allow} is allowed here`, { allow })
}

function noSuchWorker(name: string, { device, loops }: WorkerAdminOptions): string {
  const known = loops.map(({ worker }) => worker.name).join(', ')
  return `Device ${device} has no worker ${name}; it has ${known}`
}
