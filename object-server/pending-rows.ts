/**
 * Delivers the container rows that could not be delivered when their object was written. One pass looks at every row of
 * the queue once. Idempotent, and killed at any time it loses nothing: a row leaves the queue only after the last of its
 * container servers confirmed it, and delivering again changes nothing.
 *
 *  - Of several rows about one object only the newest is sent when it says everything that the older ones said.
 *  - A row that failed waits, longer each time, up to five minutes.
 * *  - A row older than the reclaim age is delivered only if the object itself still says so, because tombstones that could
 *    contradict it may be gone; and it is dropped when nobody took it in days of trying. A deletion as old is over where
 *    nobody knows the container. While the clock is in doubt it is kept instead.
 */
import type { Clock } from '#base/environment.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import type { Logger } from '#base/log.ts'
import { TICKS_PER_SECOND, type Timestamp, ticksOf } from '#base/timestamp.ts'
import type { ContainerUpdate, UpdateTarget } from './container-update.ts'
import type { UpdateQueue } from './engine.ts'
import { targetName } from './row-delivery.ts'
import type { RowAnswer, RowSender } from './row-sender.ts'
import type { RowStanding } from './row-standing.ts'

/** Which container servers a container's rows belong to now, by the ring. */
export type ContainerPlacement = (
  account: string,
  container: string,
) => { readonly partition: string; readonly targets: readonly UpdateTarget[] }

export interface PendingRowsOptions {
  readonly sender: RowSender
  readonly placement: ContainerPlacement
  readonly clock: Clock
  readonly log: Logger
  /** Is a row older than the reclaim age still true? */
  readonly standing: (update: ContainerUpdate) => Promise<RowStanding>
  readonly reclaimAgeSeconds?: number | undefined
  /** No row is given up while it says so. */
  readonly isClockInDoubt?: (() => boolean) | undefined
}

/** What one pass found and did. */
export interface PendingStats {
  /** Rows that left the queue because everybody has them. */
  readonly delivered: number
  /** Older rows about objects that had a newer one. */
  readonly superseded: number
  /** Rows that are still there: somebody does not have them, or their time to try again has not come. */
  readonly waiting: number
  /** Rows given up: too old to be believed, or nobody took them for days. */
  readonly dropped: number
  /** Age of the oldest row that is still there, seconds. */
  readonly oldestSeconds: number
}

/** What waits at one moment. */
export interface PendingFigures {
  readonly count: number
  /** Age of the oldest row, seconds; 0 when there is none. */
  readonly oldestSeconds: number
}

/** Rows read from the queue, and sent, at a time. */
const PAGE_ROWS = 500
/** Requests under way at a time. */
const CONCURRENT_REQUESTS = 8
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 300_000
/** A row of which nobody can tell whether it is still true waits so long. */
const UNKNOWN_RETRY_MS = 60_000

/** An old row is given up when it was tried for this part of the reclaim age. */
const TRIED_PART = 2

/** What is to be done with rows now. */
interface Sorted {
  readonly dropped: ContainerUpdate[]
  readonly due: ContainerUpdate[]
  readonly held: ContainerUpdate[]
}

interface Tally {
  delivered: number
  superseded: number
  waiting: number
  dropped: number
  oldestSeconds: number
}

/** A row and who is still to confirm it. */
interface Task {
  readonly update: ContainerUpdate
  readonly missing: Set<UpdateTarget>
}

export class PendingRows {
  readonly #options: PendingRowsOptions
  #passing: Promise<PendingStats> | undefined

  constructor(options: PendingRowsOptions) {
    this.#options = options
  }

  /** One pass over the queues. A second call while one is under way gets the same pass. */
  runOnce(queues: readonly UpdateQueue[]): Promise<PendingStats> {
    this.#passing ??= this.#pass(queues).finally(() => {
      this.#passing = undefined
    })
    return this.#passing
  }

  /** What waits in the queues. */
  async figures(queues: readonly UpdateQueue[]): Promise<PendingFigures> {
    const each = await Promise.all(queues.map((queue) => queue.figures()))
    return {
      count: each.reduce((sum, { count }) => sum + count, 0),
      oldestSeconds: Math.max(
        0,
        ...each.map(({ oldest }) => (oldest === undefined ? 0 : this.#secondsSince(oldest))),
      ),
    }
  }

  async #pass(queues: readonly UpdateQueue[]): Promise<PendingStats> {
    const tally: Tally = { delivered: 0, superseded: 0, waiting: 0, dropped: 0, oldestSeconds: 0 }
    for (const queue of queues) {
      let page = await queue.list(PAGE_ROWS)
      while (page.length > 0) {
        await this.#page(page, queue, tally)
        page = page.length < PAGE_ROWS ? [] : await queue.list(PAGE_ROWS, page.at(-1))
      }
    }
    return tally
  }

  async #page(page: readonly ContainerUpdate[], queue: UpdateQueue, tally: Tally): Promise<void> {
    const nowMs = this.#options.clock.wallMs()
    const { newest, superseded } = newestPerObject(page)
    const { dropped: tooOld, due, held } = await this.#sorted(newest, nowMs)
    const tasks = due.map((one) => this.#taskOf(one))
    await this.#deliver(tasks)
    const failed = tasks.filter((task) => task.missing.size > 0)
    const done = tasks.filter((task) => task.missing.size === 0).map((task) => task.update)
    const retries = failed.map((task) => retried(task, nowMs))
    // A row that is held back may have taken over targets of older ones, or another time to be tried at.
    const takenOver = held.filter((update) => !page.includes(update))
    await queue.settle([...superseded, ...tooOld, ...done], [...retries, ...takenOver])
    tally.superseded += superseded.length
    tally.dropped += tooOld.length
    tally.delivered += done.length
    this.#countStanding(tally, [...retries, ...held])
    if (tooOld.length > 0) {
      this.#options.log.error({ rows: tooOld.length }, 'dropped container rows past the reclaim age')
    }
  }

  async #sorted(rows: readonly ContainerUpdate[], nowMs: number): Promise<Sorted> {
    const sorted: Sorted = { dropped: [], due: [], held: [] }
    for (const update of rows) {
      const fate = isHeld(update, nowMs) ? 'held' : await this.#fateOf(update)
      if (fate !== 'unknown') sorted[fate].push(update)
      // Whoever could not tell is asked again when others had their turn.
      else sorted.held.push({ ...update, notBeforeMs: nowMs + UNKNOWN_RETRY_MS })
    }
    return sorted
  }

  async #fateOf(update: ContainerUpdate): Promise<'due' | 'dropped' | 'unknown'> {
    if (this.#ageSeconds(update) <= this.#reclaimAgeSeconds) return 'due'
    const isDoubtful = this.#isClockInDoubt
    const isTriedEnough = update.attempts * LAST_RETRY_MS > (this.#reclaimAgeSeconds * 1000) / TRIED_PART
    if (isTriedEnough && !isDoubtful) return 'dropped'
    const standing = await this.#options.standing(update)
    if (standing === 'stands') return 'due'
    // By a clock that may be ahead nothing is given up; and by one that is, nothing is told that may long be deleted.
    return standing === 'unknown' || isDoubtful ? 'unknown' : 'dropped'
  }

  #countStanding(tally: Tally, standing: readonly ContainerUpdate[]): void {
    tally.waiting += standing.length
    for (const update of standing) {
      tally.oldestSeconds = Math.max(tally.oldestSeconds, this.#ageSeconds(update))
    }
  }

  get #reclaimAgeSeconds(): number {
    return this.#options.reclaimAgeSeconds ?? RECLAIM_AGE_SECONDS
  }

  #ageSeconds(update: ContainerUpdate): number {
    return this.#secondsSince(update.timestamp)
  }

  #secondsSince(timestamp: Timestamp): number {
    return this.#options.clock.wallMs() / 1000 - ticksOf(timestamp) / TICKS_PER_SECOND
  }

  /** Whoever was named and still belongs to the container is left to be told; if not, everybody who does. */
  #taskOf(update: ContainerUpdate): Task {
    const current = this.#options.placement(update.account, update.container)
    const wanted = new Set(update.targets.map(targetName))
    const known = current.targets.filter((target) => wanted.has(targetName(target)))
    const missing = known.length > 0 && known.length === wanted.size ? known : current.targets
    return { update: { ...update, partition: current.partition }, missing: new Set(missing) }
  }

  async #deliver(tasks: readonly Task[]): Promise<void> {
    const jobs: (() => Promise<void>)[] = []
    for (const group of byTarget(tasks)) {
      if (group.tasks.length > 1 && this.#options.sender.takesBatches(group.target)) {
        jobs.push(() => this.#sendBatch(group))
      } else {
        for (const task of group.tasks) jobs.push(() => this.#sendOne(task, group))
      }
    }
    const left = jobs.values()
    const worker = async (): Promise<void> => {
      for (const job of left) await job()
    }
    await Promise.all(Array.from({ length: CONCURRENT_REQUESTS }, worker))
  }

  async #sendBatch({ target, tasks }: TargetGroup): Promise<void> {
    const answers = await this.#options.sender.sendBatch(
      tasks.map((task) => task.update),
      target,
    )
    tasks.forEach((task, at) => {
      if (this.#isOver(task, answers[at])) confirm(task, target)
    })
  }

  async #sendOne(task: Task, { target }: TargetGroup): Promise<void> {
    if (this.#isOver(task, await this.#options.sender.send(task.update, target))) confirm(task, target)
  }

  /** Whoever knows no such container has nothing that a deletion of long ago could take away, and will get nothing older. */
  #isOver({ update }: Task, answer: RowAnswer | undefined): boolean {
    if (answer?.applied === true) return true
    const isOld = this.#ageSeconds(update) > this.#reclaimAgeSeconds
    return answer?.isUnknown === true && update.method === 'DELETE' && isOld && !this.#isClockInDoubt
  }

  get #isClockInDoubt(): boolean {
    return this.#options.isClockInDoubt?.() === true
  }
}

interface TargetGroup {
  readonly target: UpdateTarget
  readonly tasks: Task[]
}

function byTarget(tasks: readonly Task[]): Iterable<TargetGroup> {
  const groups = new Map<string, TargetGroup>()
  for (const task of tasks) {
    for (const target of task.missing) {
      const name = targetName(target)
      const group = groups.get(name) ?? { target, tasks: [] }
      group.tasks.push(task)
      groups.set(name, group)
    }
  }
  return groups.values()
}

function confirm(task: Task, target: UpdateTarget): void {
  for (const one of task.missing) if (targetName(one) === targetName(target)) task.missing.delete(one)
}

/** Rows of one object stand together, the newest last; it takes over whom the others were for. */
function newestPerObject(page: readonly ContainerUpdate[]): {
  readonly newest: readonly ContainerUpdate[]
  readonly superseded: readonly ContainerUpdate[]
} {
  const newest: ContainerUpdate[] = []
  const superseded: ContainerUpdate[] = []
  for (const update of page) {
    const before = newest.at(-1)
    if (before === undefined || !sameObject(before, update) || !saysAllOf(update, before)) {
      newest.push(update)
      continue
    }
    superseded.push(before)
    newest[newest.length - 1] = { ...update, targets: union(before.targets, update.targets) }
  }
  return { newest, superseded }
}

function sameObject(left: ContainerUpdate, right: ContainerUpdate): boolean {
  return left.object === right.object && left.container === right.container && left.account === right.account
}

/** A POST may be told of data that a PUT or DELETE of before the POST, but of later arrival, has replaced. */
function saysAllOf(later: ContainerUpdate, earlier: ContainerUpdate): boolean {
  return writtenAt(later) >= writtenAt(earlier)
}

/** When the object was put or deleted that the row tells of. */
function writtenAt({ headers, timestamp }: ContainerUpdate): string {
  return headers['x-timestamp'] ?? timestamp
}

/** No target at all means everybody. */
function union(left: readonly UpdateTarget[], right: readonly UpdateTarget[]): readonly UpdateTarget[] {
  if (left.length === 0 || right.length === 0) return []
  return [...new Map([...left, ...right].map((target) => [targetName(target), target])).values()]
}

function retried(task: Task, nowMs: number): ContainerUpdate {
  const attempts = task.update.attempts + 1
  const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 20))
  return { ...task.update, targets: [...task.missing], attempts, notBeforeMs: nowMs + waitMs }
}

/** Is it to be tried later? A time that no retry is put off to was noted by a clock that was ahead. */
function isHeld({ notBeforeMs }: ContainerUpdate, nowMs: number): boolean {
  return notBeforeMs > nowMs && notBeforeMs <= nowMs + LAST_RETRY_MS
}
