/**
 * The side of a replica that reads without asking others (`docs/decisions/0021-read-leases.md`): it knows of ranges of hashes in
 * which it misses nothing that another primary has, and hears from that one several times a second what changed there.
 * Nobody is asked for what is seldom read: a look at the other's index is cheaper then.
 */
import type { Clock, Random, Timer } from '#base/environment.ts'
import type { ReplicaAccess } from '../replica-access.ts'
import type { PeerAddress } from '../replication/messages.ts'
import { ASKED_MAX, type AskedRange, type LeaseAnswer, type LeaseRequest } from './lease-messages.ts'
import type { LeaseTerms } from './lease-terms.ts'

/** Both sides measure with clocks of their own, of which one may be slower by a tenth. */
const HELD_PART = 0.8
const SESSION_BYTES = 8

export interface LeaseHolderOptions {
  readonly clock: Clock
  readonly random: Random
  readonly replica: ReplicaAccess
  /** May this replica vote on everything that it has? */
  readonly isVoter: () => boolean
  /** Asks another replica; `undefined` when it grants nothing. Must not reject. */
  readonly ask: (peer: PeerAddress, request: LeaseRequest) => Promise<LeaseAnswer | undefined>
  readonly terms: LeaseTerms
}

/** Who reads, and from whom it could have a lease, as the ring names them. */
export interface LeaseNames {
  readonly own: string
  readonly others: readonly string[]
}

interface Granter {
  readonly peer: PeerAddress
  epoch: string | undefined
  seen: number
  validUntilMs: number
  pausedUntilMs: number
  readonly granted: Set<number>
  readonly wanted: Set<number>
  /** Since the last request. */
  reads: number
  /** Requests since there were enough reads. */
  idle: number
  timer: Timer | undefined
}

export class LeaseHolder {
  readonly #options: LeaseHolderOptions
  readonly #session: string
  readonly #granters = new Map<string, Granter>()
  #isClosed = false

  constructor(options: LeaseHolderOptions) {
    this.#options = options
    this.#session = options.random.bytes(SESSION_BYTES).toString('hex')
  }

  /**
   * The one by whose lease what is read of the range from now on is not older than any acknowledged write; `undefined` when
   * there is none. To be asked before anything is read.
   */
  claim(range: number, { own, others }: LeaseNames): string | undefined {
    if (this.#isClosed || others.length === 0 || !this.#options.isVoter()) return undefined
    const nowMs = this.#options.clock.monotonicMs()
    for (const name of others) {
      const granter = this.#granters.get(name)
      if (granter === undefined || granter.validUntilMs <= nowMs || !granter.granted.has(range)) continue
      this.#count(granter, own)
      return name
    }
    this.#want(range, own, others, nowMs)
    return undefined
  }

  close(): void {
    this.#isClosed = true
    for (const granter of this.#granters.values()) granter.timer?.cancel()
  }

  /** From one who is asked anyway, if any of them is; of the others, all take their part. */
  #want(range: number, own: string, others: readonly string[], nowMs: number): void {
    const current = others.find((name) => (this.#granters.get(name)?.validUntilMs ?? 0) > nowMs)
    const granter = this.#granterOf(current ?? (others[range % others.length] as string))
    if (granter === undefined || granter.pausedUntilMs > nowMs) return
    if (granter.wanted.size < ASKED_MAX) granter.wanted.add(range)
    this.#count(granter, own)
  }

  #count(granter: Granter, own: string): void {
    granter.reads += 1
    this.#askLater(granter, own)
  }

  #askLater(granter: Granter, own: string): void {
    const { clock, terms } = this.#options
    granter.timer ??= clock.setTimer(terms.askEveryMs, () => void this.#turn(granter, own))
  }

  /** One request at a time: what comes late is older than what came before. */
  async #turn(granter: Granter, own: string): Promise<void> {
    const { readsMin, idleMax } = this.#options.terms
    const isBusy = granter.reads >= readsMin
    granter.idle = isBusy ? 0 : granter.idle + 1
    granter.reads = 0
    const goesOn = isBusy || (granter.granted.size > 0 && granter.idle <= idleMax)
    if (goesOn) await this.#renew(granter, own)
    granter.timer = undefined
    if (!this.#isClosed && (goesOn || granter.reads > 0)) this.#askLater(granter, own)
  }

  async #renew(granter: Granter, own: string): Promise<void> {
    const { clock, ask, terms } = this.#options
    const sentMs = clock.monotonicMs()
    const asked = this.#askedOf(granter)
    const { seen, peer } = granter
    const answer = await ask(peer, { holder: own, session: this.#session, seen, asked })
    if (answer !== undefined) take(granter, answer, sentMs + terms.leaseMs * HELD_PART)
    const hasNothing = answer === undefined || (asked.length > 0 && granter.granted.size === 0)
    if (hasNothing) granter.pausedUntilMs = clock.monotonicMs() + terms.pauseMs
  }

  /** What is quiet here is found by every reader from now on, whatever comes later. */
  #askedOf({ wanted }: Granter): readonly AskedRange[] {
    const { replica } = this.#options
    const asked: AskedRange[] = []
    for (const range of wanted) {
      const sum = replica.sum(range)
      if (sum !== undefined && replica.ranges.isQuiet(range)) asked.push([range, sum.digest.toString('hex')])
    }
    wanted.clear()
    return asked
  }

  #granterOf(name: string): Granter | undefined {
    const known = this.#granters.get(name)
    if (known !== undefined) return known
    const peer = addressOf(name)
    if (peer === undefined) return undefined
    const granter: Granter = {
      peer,
      epoch: undefined,
      seen: 0,
      validUntilMs: 0,
      pausedUntilMs: 0,
      granted: new Set(),
      wanted: new Set(),
      reads: 0,
      idle: 0,
      timer: undefined,
    }
    this.#granters.set(name, granter)
    return granter
  }
}

function take(granter: Granter, { epoch, number, revoked, granted }: LeaseAnswer, untilMs: number): void {
  if (granter.epoch !== epoch) granter.granted.clear()
  granter.epoch = epoch
  granter.seen = number
  for (const range of revoked) granter.granted.delete(range)
  for (const range of granted) granter.granted.add(range)
  granter.validUntilMs = untilMs
}

/** `10.0.0.1:6200/d1`. */
function addressOf(name: string): PeerAddress | undefined {
  const match = /^(.+):(\d{1,5})\/([^/]+)$/.exec(name)
  if (match === null) return undefined
  return { host: match[1] ?? '', port: Number(match[2]), device: match[3] ?? '' }
}
