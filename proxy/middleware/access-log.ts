/**
 * One line per request, written when its answer has been sent or given up, with what an operator asks first: who, what,
 * how it ended, how long, how much. Tokens and keys are never in it, and of signatures only the beginning.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { BodyStream, Response } from '#http/message.ts'
import type { ProxyLayer, Transaction } from '../transaction.ts'

/** `errors`: only answers of 400 and above, and those that were broken off. */
export type AccessLogWhat = 'all' | 'errors' | 'none'

export interface AccessLogOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly what: AccessLogWhat
}

/** Answers from here on are logged as `warn`, and are our fault. */
const SERVER_ERROR = 500
const CLIENT_ERROR = 400

export function accessLog(options: AccessLogOptions): ProxyLayer {
  if (options.what === 'none') return (inner) => inner
  return (inner) => async (transaction) => {
    const response = await inner(transaction)
    const { body } = response
    if (body === undefined || Buffer.isBuffer(body)) {
      writeLine(transaction, response, body?.length ?? 0, true, options)
      return response
    }
    const counted = new CountedBody(body, (sentBytes, whole) =>
      writeLine(transaction, response, sentBytes, whole, options),
    )
    return { status: response.status, headers: response.headers, body: counted }
  }
}

function writeLine(
  transaction: Transaction,
  response: Response,
  sentBytes: number,
  whole: boolean,
  options: AccessLogOptions,
): void {
  const { status } = response
  if (options.what === 'errors' && status < CLIENT_ERROR && whole) return
  const { request, principal, grant, txId, arrivedMs } = transaction
  const fields = {
    txId,
    method: request.method,
    path: request.query === '' ? request.path : `${request.path}?${withoutSignatures(request.query)}`,
    status,
    sentBytes,
    ...(whole ? undefined : { brokenOff: true }),
    tookMs: Math.round((options.clock.monotonicMs() - arrivedMs) * 100) / 100,
    user: principal?.user,
    ...(grant === undefined ? undefined : { signed: true }),
    from: request.remoteAddress,
    agent: request.headers['user-agent'],
  }
  if (status >= SERVER_ERROR) options.log.warn(fields, 'request')
  else options.log.info(fields, 'request')
}

/** Who has a signature may do what was signed; its beginning tells it from others (Swift `reveal_sensitive_prefix`). */
const SIGNATURE =
  /(\b(?:temp_url_sig|swiftinfo_sig|X-Amz-Signature|X-Amz-Security-Token|x-amz-security-token|Signature)=[^&]{0,16})[^&]*/g
const PERHAPS_SIGNED = /_sig=|Signature=|ecurity-/

function withoutSignatures(query: string): string {
  return PERHAPS_SIGNED.test(query) ? query.replaceAll(SIGNATURE, '$1...') : query
}

/** Counts what is read of a body and tells its end once, whether it was read whole or given up. */
class CountedBody implements BodyStream {
  readonly #inner: BodyStream
  #onEnd: ((sentBytes: number, whole: boolean) => void) | undefined
  #sentBytes = 0

  constructor(inner: BodyStream, onEnd: (sentBytes: number, whole: boolean) => void) {
    this.#inner = inner
    this.#onEnd = onEnd
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    let whole = false
    try {
      for await (const chunk of this.#inner) {
        this.#sentBytes += chunk.length
        yield chunk
      }
      whole = true
    } finally {
      this.#end(whole)
    }
  }

  async cancel(): Promise<void> {
    await this.#inner.cancel()
    this.#end(false)
  }

  #end(whole: boolean): void {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.(this.#sentBytes, whole)
  }
}
