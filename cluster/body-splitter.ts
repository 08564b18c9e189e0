/**
 * Reads one body and hands it to several branches, as fast as the slowest of them takes it. A branch that takes nothing
 * for too long is dropped. Length, MD5 and block checksums are worked out on the way, once for all.
 */
import { createHash } from 'node:crypto'
import { BlockChecksums } from '#base/block-checksums.ts'
import type { Clock, Timer } from '#base/environment.ts'
import { BodyError, type RequestBody } from '#http/message.ts'
import { sharePiece } from '#http/piece-memory.ts'
import type { BodyBranch } from './body-branch.ts'

export interface SplitRules {
  readonly clock: Clock
  /** A branch that has no room for so long is dropped. */
  readonly stallMs: number
  /** Longest body, bytes. */
  readonly limitBytes: number
  /** Fewer live branches than this, and going on is in vain. */
  readonly branchesMin: number
  readonly onStall: (branch: BodyBranch) => void
}

export interface BodyFacts {
  readonly sizeBytes: number
  /** MD5, 32 hex digits. */
  readonly etag: string
  readonly blockCrcs: readonly number[]
}

export type SplitOutcome =
  | { readonly kind: 'whole'; readonly facts: BodyFacts }
  | { readonly kind: 'too_few_branches' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'client_gone' }
  | { readonly kind: 'client_timeout' }

export class BodySplitter {
  readonly #rules: SplitRules
  readonly #branches: BodyBranch[] = []
  #changed: (() => void) | undefined

  constructor(rules: SplitRules) {
    this.#rules = rules
  }

  /** To be given to each branch. */
  readonly onBranchChange = (): void => {
    this.#changed?.()
  }

  add(branch: BodyBranch): void {
    this.#branches.push(branch)
  }

  /** Branches that are neither given up nor answered early. */
  live(): readonly BodyBranch[] {
    return this.#branches.filter((branch) => branch.isLive)
  }

  /** Reads the body to its end. The branches are left open: the caller ends them, or gives them up. */
  async run(body: RequestBody): Promise<SplitOutcome> {
    const md5 = createHash('md5')
    const crcs = new BlockChecksums()
    let sizeBytes = 0
    try {
      for await (const chunk of body) {
        sizeBytes += chunk.length
        if (sizeBytes > this.#rules.limitBytes) return { kind: 'too_large' }
        md5.update(chunk)
        crcs.update(chunk)
        if (!(await this.#hand(chunk))) return { kind: 'too_few_branches' }
      }
    } catch (error) {
      return failureOf(error)
    }
    if (body.lengthBytes !== undefined && sizeBytes < body.lengthBytes) return { kind: 'client_gone' }
    return { kind: 'whole', facts: { sizeBytes, etag: md5.digest('hex'), blockCrcs: crcs.finish() } }
  }

  giveUp(): void {
    for (const branch of this.#branches) branch.giveUp()
  }

  /** Gives the chunk to all and waits until all have room again. False when too few are left. */
  async #hand(chunk: Buffer): Promise<boolean> {
    let full = 0
    const branches = this.live()
    sharePiece(chunk, branches.length)
    for (const branch of branches) {
      branch.push(chunk)
      if (branch.isFull) full += 1
    }
    if (full === 0) return branches.length >= this.#rules.branchesMin
    await this.#room()
    return this.live().length >= this.#rules.branchesMin
  }

  async #room(): Promise<void> {
    let timer: Timer | undefined
    await new Promise<void>((resolve) => {
      timer = this.#rules.clock.setTimer(this.#rules.stallMs, () => {
        this.#dropFull()
        resolve()
      })
      this.#changed = () => {
        if (!this.#branches.some((branch) => branch.isFull)) resolve()
      }
    })
    timer?.cancel()
    this.#changed = undefined
  }

  #dropFull(): void {
    for (const branch of this.#branches) {
      if (!branch.isFull) continue
      this.#rules.onStall(branch)
      branch.giveUp()
    }
  }
}

function failureOf(error: unknown): SplitOutcome {
  if (!(error instanceof BodyError)) throw error
  if (error.code === 'SENDER_TIMEOUT') return { kind: 'client_timeout' }
  return error.code === 'BODY_TOO_LARGE' ? { kind: 'too_large' } : { kind: 'client_gone' }
}
