import t from 'tap'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import type { Order, Report } from './messages.ts'
import type { ChildListener, ChildProcess, FirstStart, Fork, ProgramStart } from './supervised-process.ts'
import { Supervisor } from './supervisor.ts'

/** A process that does what a well one does, unless told otherwise. */
class FakeChild implements ChildProcess {
  static #lastPid = 100
  readonly pid = (FakeChild.#lastPid += 1)
  readonly orders: string[] = []
  assignment: unknown
  readonly #listener: ChildListener
  readonly #journal: string[]
  readonly #name: string
  readonly #deaf: readonly Order['kind'][]

  constructor(name: string, listener: ChildListener, journal: string[], deaf: readonly Order['kind'][]) {
    this.#name = name
    this.#listener = listener
    this.#journal = journal
    this.#deaf = deaf
  }

  send(order: Order): void {
    this.orders.push(order.kind)
    this.#journal.push(`${this.#name} ${order.kind}`)
    if (order.kind === 'start') this.assignment = order.assignment
    if (this.#deaf.includes(order.kind)) return
    if (order.kind === 'start') this.say({ kind: 'ready' })
    if (order.kind === 'drain') this.say({ kind: 'drained' })
    if (order.kind === 'close') queueMicrotask(() => this.#listener.exited('exit code 0'))
  }

  kill(signal: 'SIGKILL'): void {
    this.#journal.push(`${this.#name} ${signal}`)
    this.#listener.exited(signal)
  }

  say(report: Report): void {
    queueMicrotask(() => this.#listener.reported(report))
  }

  die(): void {
    this.#listener.exited('SIGKILL')
  }
}

/** Pauses of back-off and of patience pass at once, and keep the test alive. */
const hurriedClock: Clock = {
  ...realClock,
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs / 100)
    return { cancel: () => clearTimeout(timer) }
  },
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs / 100)),
}

function supervised(
  options: { readonly deaf?: readonly Order['kind'][]; readonly firstStart?: FirstStart } = {},
): {
  readonly supervisor: Supervisor
  readonly children: FakeChild[]
  readonly journal: string[]
} {
  const children: FakeChild[] = []
  const journal: string[] = []
  const fork: Fork = (name, listener) => {
    const child = new FakeChild(name, listener, journal, options.deaf ?? [])
    children.push(child)
    return child
  }
  const programs = ['d1', 'd2'].map((name) => ({
    name,
    assignment: async (start: ProgramStart) => ({ start }),
  }))
  const supervisor = new Supervisor({
    programs,
    fork,
    clock: hurriedClock,
    log: silentLogger,
    firstStart: options.firstStart ?? 'once',
    drainMs: 100,
  })
  supervisor.start()
  return { supervisor, children, journal }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

t.test('all processes are ready', async (t) => {
  const { supervisor, children } = supervised()
  t.same(await supervisor.started(), { kind: 'ready' })
  t.same(
    [...supervisor.pids.values()],
    children.map(({ pid }) => pid),
  )
})

t.test('a program that is added runs like the others, and is stopped with them', async (t) => {
  const { supervisor, children, journal } = supervised()
  await supervisor.started()
  supervisor.add({ name: 'd3', assignment: async (start) => ({ start }) })
  await until(() => journal.includes('d3 start'))
  children[2]?.die()
  await until(() => children.length === 4)
  await supervisor.stop()
  t.ok(journal.includes('d3 close'))
  supervisor.add({ name: 'd4', assignment: async (start) => ({ start }) })
  t.equal(children.length, 4, 'nothing is added after a stop')
})

t.test('a process that says why it cannot start is heard', async (t) => {
  const { supervisor, children } = supervised({ deaf: ['start'] })
  children[1]?.say({ kind: 'failed', sentence: 'the disk is gone', reason: 'other' })
  t.match(await supervisor.started(), { kind: 'failed', sentence: 'the disk is gone' })
})

t.test('a process that dies before it was ready is a failed start', async (t) => {
  const { supervisor, children } = supervised({ deaf: ['start'] })
  children[0]?.die()
  t.match(await supervisor.started(), { kind: 'failed', sentence: /d1/ })
})

t.test('a process that was never ready is left alone, or tried until it is', async (t) => {
  for (const [firstStart, lives] of [
    ['once', 2],
    ['until_ready', 3],
  ] as const) {
    const { supervisor, children } = supervised({ deaf: ['start'], firstStart })
    children[0]?.die()
    await new Promise((resolve) => setTimeout(resolve, 20))
    t.equal(children.length, lives, firstStart)
    await supervisor.stop()
  }
})

t.test('a dead process is started again, with an assignment made for this start', async (t) => {
  const { supervisor, children } = supervised()
  await supervisor.started()
  children[0]?.die()
  await until(() => children.length === 3 && children[2]?.orders.includes('start') === true)
  t.equal(supervisor.pids.get('d1'), children[2]?.pid)
  t.same(
    children.map(({ assignment }) => assignment),
    [{ start: 'before_service' }, { start: 'before_service' }, { start: 'after_service' }],
  )
  await supervisor.stop()
})

t.test('all processes drain before the first one closes', async (t) => {
  const { supervisor, journal } = supervised()
  await supervisor.started()
  await supervisor.stop()
  t.same(journal.slice(2), ['d1 drain', 'd2 drain', 'd1 close', 'd2 close'])
})

t.test('a process that does not end is killed', async (t) => {
  const { supervisor, journal } = supervised({ deaf: ['drain', 'close'] })
  await supervisor.started()
  await supervisor.stop()
  t.same(journal.slice(-2), ['d1 SIGKILL', 'd2 SIGKILL'])
})

t.test('processes that were given nothing to do yet are ended at once', async (t) => {
  const { supervisor, journal } = supervised({ deaf: ['start'] })
  await supervisor.abandon()
  t.same(journal.slice(-2), ['d1 SIGKILL', 'd2 SIGKILL'])
  t.equal(supervisor.pids.size, 0)
})

t.test('a process that got a signal of its own stops in order and is started again', async (t) => {
  const { supervisor, children } = supervised()
  await supervisor.started()
  children[0]?.say({ kind: 'stop_requested' })
  await until(() => children.length === 3)
  t.same(children[0]?.orders, ['start', 'drain', 'close'])
  t.same(children[1]?.orders, ['start'], 'the other one does not notice')
  await supervisor.stop()
})

t.test('a stop in the middle of a start ends all processes', async (t) => {
  const { supervisor, children } = supervised({ deaf: ['start'] })
  const started = supervisor.started()
  await supervisor.stop()
  t.same(await started, { kind: 'stopped' })
  t.same(
    children.map(({ orders }) => orders.at(-1)),
    ['close', 'close'],
  )
})

t.test('a dead process is not started again after a stop', async (t) => {
  const { supervisor, children } = supervised()
  await supervisor.started()
  children[0]?.die()
  await supervisor.stop()
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(children.length, 2)
})
