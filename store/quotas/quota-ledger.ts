/**
 * The quotas' side of a desk: all uploads into an account that has quotas, or into its containers that have, reserve their
 * bytes here before they begin, and settle when they end. So many at once cannot pass a limit that one of them could not.
 *
 * A reservation whose proxy is not heard of for a while is given up: it died, and its upload with it.
 */
import type { Clock, Random } from '#base/environment.ts'
import type { OperationContext } from '../operation.ts'
import type { QuotaScope, ScopedLimits } from './quota-limits.ts'
import { NOTHING, type Usage, type UsageReader } from './quota-usage.ts'
import { Tally } from './tally.ts'

/** An upload that asks for room. */
export interface Claim {
  readonly account: string
  readonly container: string
  readonly policyIndex: number
  readonly limits: ScopedLimits
  /** Bytes it needs now, and bytes it can use. */
  readonly leastBytes: number
  readonly mostBytes: number
}

export type Grant =
  | { readonly kind: 'granted'; readonly id: string; readonly bytes: number }
  | { readonly kind: 'refused'; readonly scope: QuotaScope }

interface Reservation {
  readonly claim: Claim
  reserved: Usage
  heardOfMs: number
}

/** A reservation that nobody speaks for is given up after so long, milliseconds. */
export const RESERVATION_LIVES_MS = 90_000
/** Containers of an account whose own figures are asked. */
const LATELY_MAX = 16
const ID_BYTES = 12
/** Accounts of which such containers are remembered. */
const ACCOUNTS_MAX = 1000
/** Reservations and tallies are looked through for what is over so often, milliseconds. */
const SWEEP_EVERY_MS = 10_000

export interface QuotaLedgerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly usage: UsageReader
  readonly context: OperationContext
}

export class QuotaLedger {
  readonly #options: QuotaLedgerOptions
  readonly #tallies = new Map<string, Tally>()
  readonly #reservations = new Map<string, Reservation>()
  /** Containers of each account in which something was stored, the latest last. */
  readonly #lately = new Map<string, readonly string[]>()
  #sweptAtMs = 0

  constructor(options: QuotaLedgerOptions) {
    this.#options = options
  }

  /** Reserves room for one more object and its bytes. */
  async claim(claim: Claim): Promise<Grant> {
    this.#sweepNowAndThen()
    for (const scope of scopesOf(claim.limits)) {
      await this.#tallyOf(claim, scope).prepare(() => this.#read(claim, scope))
    }
    const reservation = { claim, reserved: NOTHING, heardOfMs: this.#options.clock.monotonicMs() }
    const id = this.#options.random.bytes(ID_BYTES).toString('hex')
    const grant = await this.#take(id, reservation, { bytes: claim.leastBytes, count: 1 }, claim.mostBytes)
    if (grant.kind === 'granted') this.#reservations.set(id, reservation)
    return grant
  }

  /** Reserves more bytes for an upload that is under way; `undefined` when it is not known. */
  async grow(id: string, leastBytes: number, mostBytes: number): Promise<Grant | undefined> {
    const reservation = this.#reservations.get(id)
    if (reservation === undefined) return undefined
    this.keep(id)
    return await this.#take(id, reservation, { bytes: leastBytes, count: 0 }, mostBytes)
  }

  /** The upload is still under way. */
  keep(id: string): void {
    const reservation = this.#reservations.get(id)
    if (reservation !== undefined) reservation.heardOfMs = this.#options.clock.monotonicMs()
  }

  /** The upload is over; `storedBytes` is `undefined` when nothing was stored. */
  settle(id: string, storedBytes: number | undefined): void {
    const reservation = this.#reservations.get(id)
    if (reservation === undefined) return
    this.#reservations.delete(id)
    const { claim, reserved } = reservation
    const stored = storedBytes === undefined ? NOTHING : { bytes: storedBytes, count: 1 }
    for (const scope of scopesOf(claim.limits)) this.#tallyOf(claim, scope).settle(reserved, stored)
    if (storedBytes !== undefined) this.#noteLately(claim)
  }

  /** Reserves what there is room for in every scope. Where there is none, its figures are read anew, once. */
  async #take(id: string, reservation: Reservation, least: Usage, mostBytes: number): Promise<Grant> {
    const { claim } = reservation
    const looked = new Set<QuotaScope>()
    for (;;) {
      // Between this look and the reservation nobody else gets a turn.
      const room = this.#room(claim, least, mostBytes)
      if (typeof room === 'number') {
        this.#reserve(reservation, { ...least, bytes: room })
        return { kind: 'granted', id, bytes: room }
      }
      if (looked.has(room)) return { kind: 'refused', scope: room }
      looked.add(room)
      await this.#tallyOf(claim, room).lookAgain(() => this.#read(claim, room))
    }
  }

  /** What every scope has room for, or the first that has none. */
  #room(claim: Claim, least: Usage, mostBytes: number): number | QuotaScope {
    let room = mostBytes
    for (const scope of scopesOf(claim.limits)) {
      const own = this.#tallyOf(claim, scope).room(claim.limits[scope] ?? {}, least, mostBytes)
      if (own === undefined) return scope
      room = Math.min(room, own)
    }
    return room
  }

  #reserve(reservation: Reservation, amount: Usage): void {
    const { claim, reserved } = reservation
    for (const scope of scopesOf(claim.limits)) this.#tallyOf(claim, scope).reserve(amount)
    reservation.reserved = { bytes: reserved.bytes + amount.bytes, count: reserved.count + amount.count }
  }

  #tallyOf(claim: Claim, scope: QuotaScope): Tally {
    const key = keyOf(claim, scope)
    let tally = this.#tallies.get(key)
    if (tally === undefined) {
      tally = new Tally(this.#options.clock)
      this.#tallies.set(key, tally)
    }
    return tally
  }

  async #read(claim: Claim, scope: QuotaScope): Promise<Usage | undefined> {
    const { usage, context } = this.#options
    const { account, container, policyIndex } = claim
    if (scope === 'container') return await usage.ofContainer(context, { account, container })
    const lately = this.#lately.get(account) ?? []
    const read = await usage.ofAccount(context, { account }, { policyIndex, lately })
    return scope === 'account' ? read : read?.policy
  }

  #noteLately({ account, container, limits }: Claim): void {
    if (limits.account === undefined && limits.policy === undefined) return
    const others = (this.#lately.get(account) ?? []).filter((name) => name !== container)
    this.#lately.delete(account)
    this.#lately.set(account, [...others, container].slice(-LATELY_MAX))
  }

  #sweepNowAndThen(): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#sweptAtMs < SWEEP_EVERY_MS) return
    this.#sweptAtMs = nowMs
    for (const [id, { heardOfMs }] of this.#reservations) {
      if (nowMs - heardOfMs > RESERVATION_LIVES_MS) this.settle(id, undefined)
    }
    for (const [key, tally] of this.#tallies) if (tally.isIdle) this.#tallies.delete(key)
    for (const account of this.#lately.keys()) {
      if (this.#lately.size <= ACCOUNTS_MAX) return
      this.#lately.delete(account)
    }
  }
}

function scopesOf(limits: ScopedLimits): readonly QuotaScope[] {
  return Object.keys(limits) as QuotaScope[]
}

function keyOf({ account, container, policyIndex }: Claim, scope: QuotaScope): string {
  if (scope === 'container') return `container/${account}/${container}`
  return scope === 'account' ? `account/${account}` : `policy/${account}/${policyIndex}`
}
