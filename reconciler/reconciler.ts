/**
 * Moves objects that were written under another storage policy than their container has: the container was made twice
 * while the network was cut, and in the end one of its policies holds (`db/replica-merge.ts`).
 *
 * OpenStack Swift keeps a queue of such objects in a hidden account. Here the rows themselves are the queue: a container
 * with rows of another policy than its own is in a list of the device that changes in the same batch as the rows, and a
 * row leaves it when the object has been moved, because then it is a deletion that says so (`decision.ts`). Nothing can be
 * lost between the two, and there is nothing to clean up.
 *
 * The first of the container's primaries does it; should it be away, another one after a while.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { pathOf } from '#base/names.ts'
import type { Index } from '#db/contract.ts'
import type { DatabaseName, DatabaseState } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import type { ContainerName } from '#store/operation.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { isPending } from './decision.ts'

/** What became of one misplaced object. */
export type Reconciled = 'moved' | 'deleted' | 'buried' | 'waits'

export interface ObjectMover {
  /** Do most of the container's replicas say that it has this policy? */
  agrees(name: ContainerName, policyIndex: number): Promise<boolean>
  reconcile(name: ContainerName, row: ObjectRow, right: RightPlace): Promise<Reconciled>
}

export interface RightPlace {
  readonly policyIndex: number
  readonly statusChangedAt: DatabaseState['info']['statusChangedAt']
}

export interface ReconcilerOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The containers of this device. */
  readonly index: Index<ObjectRow>
  /**
   * Whose turn it is: 0 for the first of the container's primaries, 1 for the second; `undefined` when this device is none
   * or may not vote.
   */
  readonly turn: (name: ContainerName) => number | undefined
  readonly mover: ObjectMover
  /** To be awaited before each object. */
  readonly rest?: ((options: PassOptions) => Promise<void>) | undefined
  readonly pauseMs?: number | undefined
}

/** Swift's `interval`. */
const PAUSE_MS = 30_000
/** How long each primary leaves a container to the one before it, milliseconds. */
const TURN_MS = 600_000
/** Containers, and rows, read at a time. */
const PAGE = 500
/** Containers remembered for their turns and for having nothing left to do. */
const REMEMBERED_MAX = 10_000

export function createReconciler(options: ReconcilerOptions): Worker {
  const { clock, log } = options
  const reconciler = new Reconciler(options)
  return passWorker({
    name: 'reconciler',
    clock,
    log,
    unit: 'containers',
    pauseMs: () => options.pauseMs ?? PAUSE_MS,
    pass: (pass, how) => reconciler.pass(pass, how),
  })
}

interface Remembered {
  readonly sinceMs: number
  /** Nothing is pending while the container is as it was then. */
  settledAt: string
}

/** All that says what is misplaced: a merge of replicas may change the policy and not a row. */
function markOf({ info: { sequence, policyIndex, statusChangedAt } }: DatabaseState): string {
  return `${sequence} ${policyIndex} ${statusChangedAt}`
}

class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #remembered = new Map<string, Remembered>()

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  async pass(pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> {
    let after = ''
    for (;;) {
      how.signal.throwIfAborted()
      const page = await this.#options.index.misplaced(PAGE, after)
      for (const { name } of page) {
        await this.#container(name, pass, how)
        pass.advance()
      }
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) return 'complete'
      after = last.hash
    }
  }

  async #container(name: DatabaseName, pass: Pass, how: PassOptions): Promise<void> {
    const { index, turn, mover, clock } = this.#options
    const { container } = name
    if (container === undefined) return
    const known = this.#rememberedOf(name)
    const state = await index.state(name)
    if (state === undefined) return
    const mark = markOf(state)
    if (known.settledAt === mark) return
    const at = turn({ account: name.account, container })
    if (at === undefined || clock.monotonicMs() - known.sinceMs < at * TURN_MS) return
    pass.count('found', 'containers')
    const full = { account: name.account, container }
    if (!(await mover.agrees(full, state.info.policyIndex))) return pass.count('waiting', 'containers')
    const isSettled = await this.#rows(full, state, pass, how)
    const now = await index.state(name)
    if (isSettled && now !== undefined && markOf(now) === mark) known.settledAt = mark
  }

  /** Resolves with whether nothing had to be done. */
  async #rows(name: ContainerName, state: DatabaseState, pass: Pass, how: PassOptions): Promise<boolean> {
    const { info } = state
    const { policyIndex, statusChangedAt } = info
    let isSettled = true
    for (const group of info.stats.keys()) {
      if (group === policyIndex) continue
      let marker: string | undefined
      for (;;) {
        const range = marker === undefined ? {} : { marker }
        const rows = await this.#options.index.rows(name, group, { ...range, limit: PAGE })
        for (const row of rows) {
          if (!isPending({ deleted: row.deleted, timestamp: row.dataTimestamp }, statusChangedAt)) continue
          isSettled = false
          how.signal.throwIfAborted()
          await this.#options.rest?.(how)
          const outcome = await this.#options.mover.reconcile(name, row, { policyIndex, statusChangedAt })
          pass.count(outcome === 'waits' ? 'waiting' : 'repaired', outcome === 'waits' ? 'objects' : outcome)
        }
        const last = rows.at(-1)
        if (last === undefined || rows.length < PAGE) break
        marker = last.name
      }
    }
    return isSettled
  }

  #rememberedOf(name: DatabaseName): Remembered {
    const key = pathOf(name)
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear()
    const made = { sinceMs: this.#options.clock.monotonicMs(), settledAt: '' }
    this.#remembered.set(key, made)
    return made
  }
}
