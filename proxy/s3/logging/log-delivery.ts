/**
 * Access logs of buckets on their way to the buckets that their owners named: lines are held for a minute, or until there are
 * many, and put as an object then, where the target lets them be put. Best effort, as Amazon's is: the lines of a process that is
 * killed are lost, and where a target cannot be written, too; no request waits for its line. No line is ever in two objects, nor an
 * object there in part: each set of lines is put once, whole, and given up where it is not known whether it was stored.
 */
import type { Clock, Random, Timer } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { bufferBody } from '#http/message.ts'
import type { LoggingConfiguration } from '#store/bucket-settings/documents.ts'
import type { Store } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import type { AccessDeps } from '../../access/ask-access.ts'
import { mayDeliver } from './log-access.ts'
import { type LoggedRequest, logKey, logLine } from './log-line.ts'

export interface LogDeliveryOptions {
  readonly store: Pick<Store, 'objects'>
  readonly access: AccessDeps
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly region: string
}

type Enabled = NonNullable<LoggingConfiguration['enabled']>

interface Held {
  readonly source: ContainerName
  readonly enabled: Enabled
  readonly lines: string[]
  sizeBytes: number
  readonly timer: Timer
}

const HOLD_MS = 60_000
const OBJECT_BYTES_MAX = 1024 * 1024
/** Of all buckets together; beyond it lines are dropped, and counted in the log of the process. */
const HELD_BYTES_MAX = 16 * 1024 * 1024
const UNIQUE_BYTES = 8

export class LogDelivery {
  readonly #options: LogDeliveryOptions
  readonly #held = new Map<string, Held>()
  #heldBytes = 0

  constructor(options: LogDeliveryOptions) {
    this.#options = options
  }

  /** Takes the line of one request to a bucket. */
  add(source: ContainerName, enabled: Enabled, request: LoggedRequest): void {
    const line = logLine(request)
    if (this.#heldBytes + line.length > HELD_BYTES_MAX) {
      this.#options.log.warn(
        { bucket: source.container },
        'a line of an access log is dropped: too many wait',
      )
      return
    }
    const key = `${source.account}/${source.container}`
    const held = this.#held.get(key) ?? this.#begin(key, source, enabled)
    held.lines.push(line)
    held.sizeBytes += line.length
    this.#heldBytes += line.length
    if (held.sizeBytes >= OBJECT_BYTES_MAX) void this.#deliver(key)
  }

  /** Puts all that is held. */
  async flush(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((key) => this.#deliver(key)))
  }

  #begin(key: string, source: ContainerName, enabled: Enabled): Held {
    const timer = this.#options.clock.setTimer(HOLD_MS, () => void this.#deliver(key))
    const held: Held = { source, enabled, lines: [], sizeBytes: 0, timer }
    this.#held.set(key, held)
    return held
  }

  async #deliver(key: string): Promise<void> {
    const held = this.#held.get(key)
    if (held === undefined) return
    this.#held.delete(key)
    held.timer.cancel()
    const { log } = this.#options
    const { container: bucket } = held.source
    try {
      const outcome = await this.#put(held)
      if (outcome !== 'created') log.warn({ bucket, reason: outcome }, 'an access log could not be delivered')
    } catch (error) {
      log.error({ bucket, err: error }, 'an access log could not be delivered')
    } finally {
      this.#heldBytes -= held.sizeBytes
    }
  }

  /** What came of it. */
  async #put({ source, enabled, lines }: Held): Promise<string> {
    const { store, access, clock, random, log, region } = this.#options
    const { account, container: bucket } = source
    const unique = random.bytes(UNIQUE_BYTES).toString('hex').toUpperCase()
    const object = logKey(enabled, { account, region, bucket }, clock.wallMs(), unique)
    const context: OperationContext = { txId: 's3-access-log', signal: undefined, log }
    const target = { account, container: enabled.targetBucket, object }
    const allowed = await mayDeliver(access, context, source, target)
    if (allowed !== 'yes') return allowed === 'no' ? 'denied' : allowed
    const put = await store.objects.put(context, target, {
      body: bufferBody(Buffer.from(lines.join(''))),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: {},
      limitBytes: HELD_BYTES_MAX,
    })
    return put.kind
  }
}
