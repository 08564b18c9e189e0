import t from 'tap'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { silentLogger } from '#base/log.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { PassOptions, PassReport } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import { ownerOf, TAKE_OVER_AFTER_SECONDS } from '#worker/share.ts'
import { createExpirer, type ExpirerOptions } from './expirer.ts'
import type { QueueContainer, QueuedTask, TaskQueue } from './queue.ts'
import type { Removal } from './remover.ts'
import { parseTask, type Task } from './task.ts'

const NOW = 1_700_000_000
const CONTAINER: QueueContainer = { name: String(NOW - 86_400), own: 0, replicas: 3 }

/** A queue in memory, as one of three replicas sees it. */
class TestQueue implements TaskQueue {
  readonly tasks = new Map<string, Task>()
  readonly gone = new Set<number>()
  listable = true
  settled: 'told' | 'nobody' = 'told'
  mostInMemory = 0
  removedContainers: string[] = []
  container = CONTAINER

  add(count: number, deleteAt = NOW - 10): void {
    for (let at = 0; at < count; at += 1) {
      const row = `${deleteAt}-a/c/${String(this.tasks.size).padStart(6, '0')}`
      const task = parseTask(row, parseTimestamp('1600000000') as Timestamp, 'text/plain')
      if (task !== undefined) this.tasks.set(row, task)
    }
  }

  async containers(): Promise<readonly QueueContainer[] | undefined> {
    return this.listable ? [this.container] : undefined
  }

  async page(
    _container: QueueContainer,
    after: string,
    nowSeconds: number,
    limit: number,
  ): ReturnType<TaskQueue['page']> {
    const due = [...this.tasks.values()].filter(({ row, deleteAt }) => row > after && deleteAt <= nowSeconds)
    const tasks = due.toSorted((left, right) => (left.row < right.row ? -1 : 1)).slice(0, limit)
    this.mostInMemory = Math.max(this.mostInMemory, tasks.length)
    return { tasks, foreign: 0, next: tasks.length < limit ? undefined : tasks.at(-1)?.row }
  }

  async away(): Promise<ReadonlySet<number>> {
    return this.gone
  }

  async settle(done: readonly QueuedTask[]): Promise<readonly QueuedTask[]> {
    if (this.settled === 'nobody') return done
    for (const { task } of done) this.tasks.delete(task.row)
    return []
  }

  async removeContainer({ name }: QueueContainer): Promise<void> {
    this.removedContainers.push(name)
  }
}

interface Scene {
  readonly clock: VirtualClock
  readonly queue: TestQueue
  /** What becomes of a task; deleted when nothing else is said. */
  readonly removals: Map<string, Removal>
  readonly removed: string[]
  most: number
  readonly worker: ReturnType<typeof createExpirer>
  pass(how?: Partial<PassOptions>): Promise<PassReport>
}

function scene(options: Partial<ExpirerOptions> = {}): Scene {
  const clock = new VirtualClock({ startMs: NOW * 1000 })
  const queue = new TestQueue()
  const removals = new Map<string, Removal>()
  const removed: string[] = []
  let underWay = 0
  const worker = createExpirer({
    clock,
    log: silentLogger,
    foreground: new Foreground(clock),
    queue,
    remover: {
      remove: async (tasks) => {
        underWay += tasks.length
        made.most = Math.max(made.most, underWay)
        await clock.sleep(5)
        underWay -= tasks.length
        removed.push(...tasks.map(({ row }) => row))
        return tasks.map(({ row }) => removals.get(row) ?? 'deleted')
      },
    },
    concurrency: 4,
    intervalMs: 60_000,
    ...options,
  })
  const made: Scene = {
    clock,
    queue,
    removals,
    removed,
    most: 0,
    worker,
    pass: async (how = {}) => {
      const report = worker.runOnce({ pace: 'full', signal: new AbortController().signal, ...how })
      await clock.runUntilIdle()
      return report
    },
  }
  return made
}

const mine = (queue: TestQueue): number =>
  [...queue.tasks.keys()].filter((row) => ownerOf(row, 3, () => false) === 0).length

t.test('a device does its share page by page, a few at a time', async (t) => {
  const one = scene()
  one.queue.add(5000)
  one.queue.add(5, NOW + 100)
  const share = mine(one.queue)
  const report = await one.pass()
  t.match(report, { ended: 'complete', repaired: { deleted: one.removed.length } })
  t.ok(Math.abs(one.removed.length - share) <= 5)
  t.ok(one.queue.mostInMemory <= 2000)
  t.equal(one.most, 4)
  t.equal(
    [...one.queue.tasks.values()].filter(({ deleteAt }) => deleteAt > NOW).length,
    5,
    'what is not due stays',
  )
})

t.test('tasks of those who are away are done, and those of everybody when they are very late', async (t) => {
  const one = scene()
  one.queue.add(300)
  one.queue.gone.add(1).add(2)
  await one.pass()
  t.equal(one.queue.tasks.size, 0)
  one.queue.gone.clear()
  one.queue.add(300, NOW - TAKE_OVER_AFTER_SECONDS - 1)
  await one.pass()
  t.equal(one.queue.tasks.size, 0)
})

t.test(
  'what could not be done stays; what nobody has is tried more and more rarely, and given up at last',
  async (t) => {
    const one = scene()
    one.queue.gone.add(1).add(2)
    one.queue.add(2, NOW - 10)
    const [first = '', second = ''] = one.queue.tasks.keys()
    one.removals.set(first, 'unavailable').set(second, 'nothing_there')
    t.match(await one.pass(), { waiting: { unavailable: 1, nothing_there: 1 } })
    t.equal(one.queue.tasks.size, 2)
    t.match(await one.pass(), { waiting: { unavailable: 1, deferred: 1 } })
    await one.clock.advance(61_000)
    t.match(await one.pass(), { waiting: { nothing_there: 1 } })
    await one.clock.advance(61_000)
    t.match(await one.pass(), { waiting: { deferred: 1 } })
    await one.clock.advance(RECLAIM_AGE_SECONDS * 1000)
    t.match(await one.pass(), { found: { given_up: 1 } })
    t.same([...one.queue.tasks.keys()], [first])
  },
)

t.test('tasks that nobody took out are seen again', async (t) => {
  const one = scene()
  one.queue.gone.add(1).add(2)
  one.queue.add(3)
  one.queue.settled = 'nobody'
  t.match(await one.pass(), { waiting: { not_settled: 3 } })
  one.queue.settled = 'told'
  await one.pass()
  t.equal(one.queue.tasks.size, 0)
})

t.test('a pass that is stopped takes out what it has done', async (t) => {
  const one = scene()
  one.queue.gone.add(1).add(2)
  one.queue.add(100)
  const stop = new AbortController()
  const report = one.worker.runOnce({ pace: 'full', signal: stop.signal })
  await one.clock.advance(50)
  stop.abort(new Error('stop'))
  await one.clock.runUntilIdle()
  t.equal((await report).ended, 'stopped')
  t.ok(one.removed.length > 0 && one.removed.length < 100)
  t.equal(one.queue.tasks.size, 100 - one.removed.length)
})

t.test('the lag is that of the oldest task that is due', async (t) => {
  const one = scene()
  one.queue.gone.add(1).add(2)
  t.same(await one.worker.live?.(), { lag_seconds: 0 })
  one.queue.add(3, NOW - 30)
  one.queue.settled = 'nobody'
  await one.pass()
  const { lag_seconds: lag = 0 } = (await one.worker.live?.()) ?? {}
  t.ok(lag >= 30 && lag < 40, `${lag} s`)
  one.queue.settled = 'told'
  await one.pass()
  t.same(await one.worker.live?.(), { lag_seconds: 0 })
})

t.test(
  'a container that has nothing left is removed long after its time, by its first replica',
  async (t) => {
    const one = scene()
    await one.pass()
    t.same(one.queue.removedContainers, [], 'tasks may still come')
    const old = { ...CONTAINER, name: String(NOW - 4 * 86_400) }
    one.queue.container = { ...old, own: 1 }
    await one.pass()
    t.same(one.queue.removedContainers, [])
    one.queue.container = old
    await one.pass()
    t.same(one.queue.removedContainers, [old.name])
  },
)

t.test('a queue that cannot be listed is a failed pass; rates hold', async (t) => {
  const one = scene({ tasksPerSecond: 10, concurrency: 1 })
  one.queue.listable = false
  t.equal((await one.pass()).ended, 'failed')
  one.queue.listable = true
  one.queue.gone.add(1).add(2)
  one.queue.add(50)
  const startedMs = one.clock.monotonicMs()
  await one.pass({ pace: 'gentle' })
  const seconds = (one.clock.monotonicMs() - startedMs) / 1000
  t.ok(seconds > 3.5 && seconds < 7, `50 tasks at 10 a second in ${seconds} s`)
})
