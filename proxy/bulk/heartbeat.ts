/**
 * The answer to a request that may take long: the head at once, blanks while the work goes on, so that nobody on the way
 * takes the connection for dead, and the report at the end (OpenStack Swift, `common/middleware/bulk.py`).
 */
import type { Clock } from '#base/environment.ts'
import type { BodyStream, Response } from '#http/message.ts'
import { HTML_TYPE } from '../answers.ts'

/** Between the blanks and the report. */
const SEPARATOR = '\r\n\r\n'
const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

export interface LongWork {
  readonly clock: Clock
  /** A blank is sent whenever this much time has passed, milliseconds. */
  readonly everyMs: number
  /** Of the report; `undefined` when the client accepts none of ours. */
  readonly type: string | undefined
  /** Does the work and gives the report; never rejects. Ends early when the signal aborts. */
  readonly work: (signal: AbortSignal) => Promise<Buffer>
  /** Of the client. */
  readonly signal: AbortSignal | undefined
  /** Without it: 200 and the type of the report, and no blank before the first is due. */
  readonly head?: HeadAtOnce | undefined
}

export interface HeadAtOnce {
  readonly status: number
  readonly contentType: string
  /** `at_once`: the client sees that the work has begun. */
  readonly firstBlank: 'at_once' | 'when_due'
}

/** Begins the work. Resolves when it is done, or with an answer that says so later. */
export async function answerInTime(long: LongWork): Promise<Response> {
  const gone = new AbortController()
  const signal = long.signal === undefined ? gone.signal : AbortSignal.any([gone.signal, long.signal])
  const report = long.work(signal)
  const { status, contentType, firstBlank } = long.head ?? usualHead(long)
  const first = firstBlank === 'at_once' ? undefined : await nextBeat(report, long)
  const opening = firstBlank === 'when_due' && isXml(long.type) ? XML_DECLARATION : ' '
  const body = new Beating(pieces({ first, opening }, report, long), () => gone.abort())
  return { status, headers: { 'content-type': contentType }, body }
}

function usualHead({ type }: LongWork): HeadAtOnce {
  return { status: 200, contentType: type ?? HTML_TYPE, firstBlank: 'when_due' }
}

/** The report, or `undefined` when it is time for a blank. */
async function nextBeat(report: Promise<Buffer>, { clock, everyMs }: LongWork): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = clock.setTimer(everyMs, () => resolve(undefined))
  try {
    return await Promise.race([report, promise])
  } finally {
    timer.cancel()
  }
}

/** Where the report comes late, no blank may stand before the declaration; where a blank comes at once, Swift sends none. */
function isXml(type: string | undefined): boolean {
  return type?.endsWith('/xml') === true
}

async function* pieces(
  { first, opening }: { readonly first: Buffer | undefined; readonly opening: string },
  report: Promise<Buffer>,
  long: LongWork,
): AsyncGenerator<Buffer> {
  if (first !== undefined) {
    yield first
    return
  }
  yield Buffer.from(opening)
  let whole = await nextBeat(report, long)
  for (; whole === undefined; whole = await nextBeat(report, long)) yield Buffer.from(' ')
  yield Buffer.concat([Buffer.from(SEPARATOR), whole])
}

class Beating implements BodyStream {
  readonly #pieces: AsyncGenerator<Buffer>
  readonly #abort: () => void

  constructor(generator: AsyncGenerator<Buffer>, abort: () => void) {
    this.#pieces = generator
    this.#abort = abort
  }

  [Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    return this.#pieces
  }

  async cancel(): Promise<void> {
    this.#abort()
    await this.#pieces.return(undefined)
  }
}
