/**
 * One upload's reservation, from the claim to the settlement, and the upload's body, which ends where the reservation does:
 * a body of unknown length reserves more as it flows, and a sender that sends more than there is room for is cut off.
 */
import type { Clock, Timer } from '#base/environment.ts'
import { BodyError, type RequestBody } from '#http/message.ts'
import type { QuotaDesk } from './quota-desk.ts'
import { type Claim, RESERVATION_LIVES_MS } from './quota-ledger.ts'
import type { QuotaScope } from './quota-limits.ts'

/** A body of unknown length reserves so much at a time. */
export const STEP_BYTES = 1024 * 1024
const KEEP_EVERY_MS = RESERVATION_LIVES_MS / 3

export class HeldQuota {
  readonly #desk: QuotaDesk
  readonly #clock: Clock
  readonly #claim: Claim
  #id: string
  #reservedBytes: number
  #timer: Timer
  #refusedFor: QuotaScope | undefined

  constructor(desk: QuotaDesk, clock: Clock, claim: Claim, granted: { id: string; bytes: number }) {
    this.#desk = desk
    this.#clock = clock
    this.#claim = claim
    this.#id = granted.id
    this.#reservedBytes = granted.bytes
    this.#timer = this.#keepLater()
  }

  /** Which quota had no room for the rest of the body. */
  get refusedFor(): QuotaScope | undefined {
    return this.#refusedFor
  }

  /** The body, as far as there is room for it; then it rejects with a `BodyError`. */
  within(body: RequestBody): RequestBody {
    return body.lengthBytes === undefined ? new BoundedBody(body, (bytes) => this.#ensure(bytes)) : body
  }

  /** Gives back what was not used. */
  async settle(storedBytes: number | undefined): Promise<void> {
    this.#timer.cancel()
    await this.#desk.settle(this.#claim.account, this.#id, storedBytes)
  }

  /** Whether there is room for so many bytes altogether. */
  async #ensure(bytes: number): Promise<boolean> {
    if (bytes <= this.#reservedBytes) return true
    const { account } = this.#claim
    const least = bytes - this.#reservedBytes
    const most = Math.max(least, STEP_BYTES)
    const grown = (await this.#desk.grow(account, this.#id, least, most)) ?? (await this.#claimAnew(bytes))
    // Nobody can be asked: then nobody is held up.
    if (grown === undefined) return true
    if (grown.kind === 'refused') {
      this.#refusedFor = grown.scope
      return false
    }
    this.#reservedBytes = grown.id === this.#id ? this.#reservedBytes + grown.bytes : grown.bytes
    this.#id = grown.id
    return true
  }

  /** The desk is another one than before. */
  #claimAnew(bytes: number): ReturnType<QuotaDesk['claim']> {
    return this.#desk.claim({ ...this.#claim, leastBytes: bytes, mostBytes: bytes + STEP_BYTES })
  }

  #keepLater(): Timer {
    return this.#clock.setTimer(KEEP_EVERY_MS, () => {
      void this.#desk.keep(this.#claim.account, this.#id)
      this.#timer = this.#keepLater()
    })
  }
}

class BoundedBody implements RequestBody, AsyncIterator<Buffer> {
  readonly lengthBytes = undefined
  readonly sendContinue: RequestBody['sendContinue']
  readonly #body: RequestBody
  readonly #ensure: (bytes: number) => Promise<boolean>
  #pieces: AsyncIterator<Buffer> | undefined
  #readBytes = 0

  constructor(body: RequestBody, ensure: (bytes: number) => Promise<boolean>) {
    this.#body = body
    this.#ensure = ensure
    this.sendContinue = body.sendContinue
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer>> {
    this.#pieces ??= this.#body[Symbol.asyncIterator]()
    const next = await this.#pieces.next()
    if (next.done === true) return next
    this.#readBytes += next.value.length
    if (!(await this.#ensure(this.#readBytes))) throw new BodyError('BODY_TOO_LARGE')
    return next
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return { done: true, value: undefined }
  }

  cancel(): Promise<void> {
    return this.#body.cancel()
  }
}
