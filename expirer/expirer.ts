/**
 * The expirer of a device: deletes what has expired, its share of the tasks in the containers of the queue that the
 * device has a replica of. Clients see nothing of it: an expired object answers 404 and is in no listing from its second
 * on. So it takes its time, page by page, with a bounded number of deletes under way, however many are due at once.
 *
 * A task leaves the queue when its object is gone or turns out to expire at another time. One whose object nobody has is
 * tried again for `reclaim_age`, more and more rarely.
 */
import type { Clock } from '#base/environment.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import type { Logger } from '#base/log.ts'
import type { Figures, PassOptions, Worker } from '#worker/contract.ts'
import type { Foreground } from '#worker/foreground.ts'
import { Gait } from '#worker/gait.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { ownerOf, TAKE_OVER_AFTER_SECONDS } from '#worker/share.ts'
import type { QueueContainer, QueuedTask, TaskQueue } from './queue.ts'
import type { ObjectRemover, Removal } from './remover.ts'
import type { Task } from './task.ts'

export interface ExpirerOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly foreground: Foreground
  readonly queue: TaskQueue
  readonly remover: ObjectRemover
  /** Tasks under way at a time: what they ask of one storage node travels together. */
  readonly concurrency: number
  readonly tasksPerSecond?: number | undefined
  /** Between two passes, milliseconds. */
  readonly intervalMs: number
}

/** Tasks in memory at a time; a device's own are a part of them. */
const PAGE = 2_000
/** A container without tasks is kept until so long after its time: tasks may come late. Seconds. */
const EMPTY_CONTAINER_LIFE_SECONDS = 2 * 86_400
/** Tasks whose next trial is remembered; of others every pass is one. */
const DEFERRED_MAX = 20_000
const FIRST_DEFERRAL_MS = 60_000
const DEFERRAL_MAX_MS = 3_600_000

/** Makes the worker of a device. */
export function createExpirer(options: ExpirerOptions): Worker {
  const deferred = new Deferrals(options.clock)
  const seen = new SeenContainers()
  return passWorker({
    name: 'expirer',
    clock: options.clock,
    log: options.log,
    unit: 'tasks',
    pauseMs: () => options.intervalMs,
    pass: (pass, how) => new ExpirerPass(options, deferred, seen, pass, how).run(),
    live: () => liveFigures(options, seen),
  })
}

/** Containers of the last pass that had tasks: where to look for the oldest one. */
class SeenContainers {
  list: readonly QueueContainer[] = []
}

/** How late the oldest task is that is due, on this device. */
async function liveFigures({ clock, queue }: ExpirerOptions, seen: SeenContainers): Promise<Figures> {
  const nowSeconds = clock.wallMs() / 1000
  let lagSeconds = 0
  for (const container of seen.list) {
    const { tasks } = await queue.page(container, '', nowSeconds, 1)
    const [oldest] = tasks
    if (oldest !== undefined) lagSeconds = Math.max(lagSeconds, nowSeconds - oldest.deleteAt)
  }
  return { lag_seconds: lagSeconds }
}

class ExpirerPass {
  readonly #options: ExpirerOptions
  readonly #deferred: Deferrals
  readonly #seen: SeenContainers
  readonly #pass: Pass
  readonly #how: PassOptions
  readonly #gait: Gait
  readonly #nowSeconds: number
  /** Own tasks that are due, until there are enough of them to be done together. */
  #gathered: QueuedTask[] = []

  constructor(
    options: ExpirerOptions,
    deferred: Deferrals,
    seen: SeenContainers,
    pass: Pass,
    how: PassOptions,
  ) {
    this.#options = options
    this.#deferred = deferred
    this.#seen = seen
    this.#pass = pass
    this.#how = how
    this.#gait = new Gait({ ...options, filesPerSecond: options.tasksPerSecond })
    this.#nowSeconds = Math.floor(options.clock.wallMs() / 1000)
  }

  async run(): Promise<'complete'> {
    const containers = await this.#options.queue.containers(this.#nowSeconds)
    if (containers === undefined) throw new Error('the queue of the expirer could not be listed')
    this.#seen.list = containers
    for (const container of containers) await this.#container(container)
    await this.#doGathered()
    return 'complete'
  }

  async #container(container: QueueContainer): Promise<void> {
    const { queue } = this.#options
    let away: ReadonlySet<number> | undefined
    let isEmpty = true
    for (let after: string | undefined = ''; after !== undefined; ) {
      await this.#gait.before({ files: 0 }, this.#how)
      const page = await queue.page(container, after, this.#nowSeconds, PAGE)
      isEmpty &&= page.tasks.length === 0 && page.foreign === 0
      if (page.tasks.length > 0) {
        away ??= await queue.away(container)
        await this.#tasks(container, this.#mine(container, page.tasks, away))
      }
      if (page.foreign > 0) this.#pass.count('found', 'foreign_rows', page.foreign)
      after = page.next
    }
    if (isEmpty) await this.#tidy(container)
  }

  #mine(
    { own, replicas }: QueueContainer,
    tasks: readonly Task[],
    away: ReadonlySet<number>,
  ): readonly Task[] {
    return tasks.filter((task) => {
      const isLate = this.#nowSeconds - task.deleteAt > TAKE_OVER_AFTER_SECONDS
      const owner = isLate ? own : ownerOf(task.row, replicas, (replica) => away.has(replica))
      if (owner === own) return true
      this.#pass.count('found', 'tasks_of_others')
      return false
    })
  }

  /** Tasks are done some at a time, also those of several containers together. */
  async #tasks(container: QueueContainer, tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) {
      if (this.#deferred.isDeferred(task)) this.#pass.count('waiting', 'deferred')
      else this.#gathered.push({ container, task })
      if (this.#gathered.length >= this.#options.concurrency) await this.#doGathered()
    }
  }

  /** Deletes the objects, then takes those tasks out of the queue that are over. */
  async #doGathered(): Promise<void> {
    const some = this.#gathered
    if (some.length === 0) return
    this.#gathered = []
    await this.#gait.before({ files: some.length }, this.#how)
    const removals = await this.#options.remover.remove(some.map(({ task }) => task))
    this.#pass.advance(some.length)
    await this.#settle(some.filter(({ task }, at) => this.#isOver(task, removals[at] ?? 'unavailable')))
  }

  #isOver(task: Task, removal: Removal): boolean {
    switch (removal) {
      case 'deleted':
        this.#pass.count('repaired', 'deleted')
        return true
      case 'superseded':
        this.#pass.count('found', 'superseded')
        return true
      case 'nothing_there':
        return this.#nothingThere(task)
      case 'unavailable':
        this.#pass.count('waiting', 'unavailable')
        return false
    }
  }

  /** An object may appear late, as long as a write of it may still be on its way. */
  #nothingThere(task: Task): boolean {
    if (this.#nowSeconds - task.deleteAt > RECLAIM_AGE_SECONDS) {
      this.#pass.count('found', 'given_up')
      return true
    }
    this.#deferred.defer(task)
    this.#pass.count('waiting', 'nothing_there')
    return false
  }

  async #settle(over: readonly QueuedTask[]): Promise<void> {
    if (over.length === 0) return
    const left = new Set(await this.#options.queue.settle(over))
    for (const queued of over) if (!left.has(queued)) this.#deferred.forget(queued.task)
    if (left.size > 0) this.#pass.count('waiting', 'not_settled', left.size)
  }

  /** The first replica looks after containers that have nothing left, long after their time. */
  async #tidy(container: QueueContainer): Promise<void> {
    const isOld = Number(container.name) < this.#nowSeconds - EMPTY_CONTAINER_LIFE_SECONDS
    if (!isOld || container.own !== 0) return
    await this.#options.queue.removeContainer(container)
    this.#pass.count('repaired', 'empty_containers')
  }
}

/** Tasks that came to nothing, and when each is tried again: later every time. */
class Deferrals {
  readonly #clock: Clock
  readonly #until = new Map<string, { readonly atMs: number; readonly waitMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isDeferred({ row }: Task): boolean {
    return (this.#until.get(row)?.atMs ?? 0) > this.#clock.monotonicMs()
  }

  defer({ row }: Task): void {
    const waitMs = Math.min(DEFERRAL_MAX_MS, (this.#until.get(row)?.waitMs ?? FIRST_DEFERRAL_MS / 2) * 2)
    this.#until.delete(row)
    this.#until.set(row, { atMs: this.#clock.monotonicMs() + waitMs, waitMs })
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= DEFERRED_MAX) break
      this.#until.delete(oldest)
    }
  }

  forget({ row }: Task): void {
    this.#until.delete(row)
  }
}
