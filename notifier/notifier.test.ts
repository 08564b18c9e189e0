import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { OutsideRequest } from '#http/outside-client.ts'
import type { QueuedEvent } from '#store/notifications/event-queue.ts'
import { createNotifier } from './notifier.ts'
import { webhookSender } from './webhook.ts'

const SHARD = { account: '.martlet', container: 'events-00' }
const HOW = { pace: 'full', signal: new AbortController().signal } as const

function queued(clock: VirtualClock, count: number, send: (event: QueuedEvent) => Promise<boolean>) {
  const nowSeconds = clock.wallMs() / 1000
  const events = new Map(
    Array.from({ length: count }, (_, at) => [
      `${nowSeconds.toFixed(5).padStart(16, '0')}-${String(at).padStart(4, '0')}`,
      { url: 'https://hook.example/', message: String(at) },
    ]),
  )
  const worker = createNotifier({
    clock,
    log: silentLogger,
    send,
    intervalMs: 1000,
    queue: {
      shards: [SHARD],
      page: async (_shard, after, limit) => [...events.keys()].filter((name) => name > after).slice(0, limit),
      sharing: async () => ({ own: 0, replicas: 1, away: new Set() }),
      read: async ({ object }) => events.get(object),
      remove: async ({ object }) => events.delete(object),
    },
  })
  return { worker, events }
}

t.test('what a target takes is out of the queue, and nothing else is', async (t) => {
  const clock = new VirtualClock()
  const taken: string[] = []
  const { worker, events } = queued(clock, 300, async ({ message }) => {
    if (Number(message) % 3 === 0) return false
    taken.push(message)
    return true
  })
  const report = await worker.runOnce(HOW)
  t.match(report, { ended: 'complete', repaired: { delivered: 200 }, waiting: { events: 100 } })
  t.equal(events.size, 100)
  t.equal(new Set(taken).size, 200)
})

t.test(
  'a target that does not answer is tried again more and more rarely, and given up after a day',
  async (t) => {
    const clock = new VirtualClock()
    let trials = 0
    const { worker, events } = queued(clock, 1, async () => {
      trials += 1
      return false
    })
    for (let seconds = 0; seconds < 90_000 && events.size > 0; seconds += 30) {
      await worker.runOnce(HOW)
      await clock.advance(30_000)
    }
    t.equal(events.size, 0)
    t.ok(trials > 100 && trials < 400, `tried ${trials} times`)
  },
)

t.test('a webhook is on the public network, unless the operator named its host', async (t) => {
  const asked: OutsideRequest[] = []
  const sender = (allowedHosts: readonly string[], status = 204) =>
    webhookSender({
      fetch: async (request) => {
        asked.push(request)
        return { status, headers: {}, body: { cancel: async () => {}, async *[Symbol.asyncIterator]() {} } }
      },
      log: silentLogger,
      allowedHosts,
      silenceMs: 1000,
    })
  const event = { url: 'http://hook.internal:8080/x', message: '{}' }
  t.equal(await sender([])(event), true)
  const reach = asked.at(-1)?.mayReach
  t.match(
    ['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', 'fd00::1', '93.184.216.34'].map((one) =>
      reach?.(one),
    ),
    [false, false, false, false, false, true],
  )
  await sender(['hook.internal'])(event)
  t.equal(asked.at(-1)?.mayReach('10.1.2.3'), true)
  t.equal(await sender([], 500)(event), false)
  t.equal(await sender([], 302)(event), false, 'nobody is followed elsewhere')
})
