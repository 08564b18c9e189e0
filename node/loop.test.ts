import t from 'tap'
import { type Logger, silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { Loop } from './loop.ts'

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

t.test('a loop passes again and again until it is stopped', async (t) => {
  let passes = 0
  const pass = async (): Promise<void> => void (passes += 1)
  const loop = new Loop({ name: 'test', clock: realClock, log: silentLogger, pauseMs: () => 1, pass })
  await until(() => passes >= 3)
  await loop.stop()
  const before = passes
  await realClock.sleep(10)
  t.equal(passes, before)
})

t.test('a pass that fails is logged and followed by the next', async (t) => {
  const logged: string[] = []
  const log: Logger = { ...silentLogger, error: (_, message) => void logged.push(message) }
  let passes = 0
  const pass = async (): Promise<void> => {
    passes += 1
    throw new Error('no luck')
  }
  const loop = new Loop({ name: 'test', clock: realClock, log, pauseMs: () => 1, pass })
  await until(() => passes >= 2)
  await loop.stop()
  t.equal(logged[0], 'a pass failed')
})

t.test('a stop waits for the pass under way', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let begun = false
  const pass = (): Promise<void> => {
    begun = true
    return promise
  }
  const loop = new Loop({ name: 'test', clock: realClock, log: silentLogger, pauseMs: () => 1, pass })
  await until(() => begun)
  let stopped = false
  const stopping = loop.stop().then(() => (stopped = true))
  await realClock.sleep(5)
  t.notOk(stopped)
  resolve()
  await stopping
  t.ok(stopped)
})
