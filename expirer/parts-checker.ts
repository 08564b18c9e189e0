/** Tasks that are checks of multipart uploads (`store/multipart/parts-check.ts`); all others are left to another remover. */
import type { Logger } from '#base/log.ts'
import { Lanes } from '#object-server/replication/lanes.ts'
import type { Store } from '#store/contract.ts'
import { checkIn } from '#store/deferred-checks.ts'
import { checkParts } from '#store/multipart/parts-check.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ObjectRemover, Removal } from './remover.ts'
import type { Task } from './task.ts'

/** A check reads and deletes by itself. */
const CHECKS_AT_ONCE = 4

export interface PartsCheckerOptions {
  /** Shows what is stored, decrypted. */
  readonly store: Store
  readonly others: ObjectRemover
  readonly log: Logger
}

export class PartsChecker implements ObjectRemover {
  readonly #store: Store
  readonly #others: ObjectRemover
  readonly #context: OperationContext

  constructor({ store, others, log }: PartsCheckerOptions) {
    this.#store = store
    this.#others = others
    this.#context = { txId: 'expirer', signal: undefined, log }
  }

  async remove(tasks: readonly Task[]): Promise<readonly Removal[]> {
    const others = tasks.filter(({ kind }) => kind !== 'parts_check')
    const removals = new Map<Task, Removal>()
    const removed = await this.#others.remove(others)
    for (const [at, task] of others.entries()) removals.set(task, removed[at] ?? 'unavailable')
    const lanes = new Lanes(CHECKS_AT_ONCE)
    for (const task of tasks) {
      if (task.kind !== 'parts_check') continue
      await lanes.enter(async () => {
        removals.set(task, await this.#check(task))
      })
    }
    await lanes.idle()
    return tasks.map((task) => removals.get(task) ?? 'unavailable')
  }

  async #check(task: Task): Promise<Removal> {
    const upload = checkIn(task.name)
    if (upload === undefined) return 'superseded'
    const check = await checkParts(this.#store, this.#context, upload)
    // Of an upload that is not complete yet, whoever ends it has it checked again.
    if (check.kind === 'in_progress') return 'superseded'
    if (check.kind !== 'checked') return 'unavailable'
    return check.deletedCount > 0 ? 'deleted' : 'superseded'
  }
}
