import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { type Handler, ownRequest, type Request } from '#http/message.ts'
import { countForeground, Foreground } from './foreground.ts'
import { Gait } from './gait.ts'

function request(parts: Partial<Request>): Request {
  return ownRequest({ method: 'GET', path: '/d1/7/a/c/o', ...parts })
}

t.test('the load follows the number of requests under way, and forgets', async (t) => {
  const clock = new VirtualClock()
  const foreground = new Foreground(clock)
  t.equal(foreground.load(), 0)
  const left = [foreground.enter(), foreground.enter()]
  await clock.advance(500)
  t.ok(Math.abs(foreground.load() - 1) < 1e-9, 'half of it after half a second')
  await clock.advance(5000)
  t.ok(Math.abs(foreground.load() - 2) < 0.01)
  for (const leave of left) leave()
  await clock.advance(500)
  t.ok(Math.abs(foreground.load() - 1) < 0.01)
  await clock.advance(10_000)
  t.ok(foreground.load() < 1e-5)
})

t.test('only what clients wait for counts', async (t) => {
  const clock = new VirtualClock()
  const foreground = new Foreground(clock)
  const slow: Handler = async () => {
    await clock.sleep(100_000)
    return { status: 200, headers: {}, body: undefined }
  }
  const counted = countForeground(foreground)(slow)
  const background = [
    request({ method: 'REPLICATE' }),
    request({ headers: { 'x-backend-replication': 'True' } }),
    request({ path: '/martlet/workers' }),
    request({ path: '/recon/load' }),
  ]
  const answers = background.map(counted)
  await clock.advance(10_000)
  t.equal(foreground.load(), 0)
  answers.push(counted(request({})))
  await clock.advance(10_000)
  t.ok(foreground.load() > 0.99)
  await clock.runUntilIdle()
  await Promise.all(answers)
})

/** How long ten steps of 10 ms each take at the given pace, milliseconds. */
async function tenSteps(
  pace: 'gentle' | 'full',
  clients: number,
  rates: { readonly filesPerSecond?: number; readonly bytesPerSecond?: number } = {},
): Promise<number> {
  const clock = new VirtualClock()
  const foreground = new Foreground(clock)
  for (let at = 0; at < clients; at += 1) foreground.enter()
  await clock.advance(10_000)
  const gait = new Gait({ clock, foreground, ...rates })
  const startedMs = clock.monotonicMs()
  const how = { pace, signal: new AbortController().signal }
  const work = (async () => {
    for (let step = 0; step < 10; step += 1) {
      await gait.before({ files: 1, bytes: 1000 }, how)
      await clock.sleep(10)
    }
    return clock.monotonicMs() - startedMs
  })()
  await clock.runUntilIdle()
  return work
}

t.test('a gentle worker rests as long as it works, and longer the more clients there are', async (t) => {
  t.equal(await tenSteps('full', 5), 100, 'nobody waits at full pace')
  t.equal(await tenSteps('gentle', 0), 190)
  t.ok(Math.abs((await tenSteps('gentle', 1)) - 550) < 1)
  t.ok((await tenSteps('gentle', 100)) <= 100 + 9 * 250 + 1, 'not for ever')
})

t.test('rates hold at gentle pace only', async (t) => {
  t.equal(await tenSteps('full', 0, { filesPerSecond: 1 }), 100)
  t.ok((await tenSteps('gentle', 0, { filesPerSecond: 1 })) >= 8_000)
  t.ok((await tenSteps('gentle', 0, { bytesPerSecond: 1000 })) >= 8_000)
})

t.test('a worker that is to stop stops at its next step', async (t) => {
  const clock = new VirtualClock()
  const gait = new Gait({ clock, foreground: new Foreground(clock) })
  const signal = AbortSignal.abort(new Error('stop'))
  await t.rejects(gait.before({}, { pace: 'full', signal }), { message: 'stop' })
  await t.rejects(gait.before({}, { pace: 'gentle', signal }), { message: 'stop' })
})
