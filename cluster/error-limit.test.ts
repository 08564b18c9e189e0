import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { ErrorLimiter } from './error-limit.ts'
import type { StorageNode } from './storage-node.ts'

const NODE: StorageNode = {
  host: '10.0.0.1',
  port: 6200,
  key: '10.0.0.1:6200/d1',
  device: 'd1',
  region: 1,
  zone: 1,
  locality: 'elsewhere',
}

function start(): { clock: VirtualClock; errors: ErrorLimiter } {
  const clock = new VirtualClock()
  return { clock, errors: new ErrorLimiter({ clock }) }
}

function fail(errors: ErrorLimiter, times: number): void {
  for (let at = 0; at < times; at += 1) errors.recordError(NODE)
}

t.test('ten errors set a node aside, nine do not', async (t) => {
  const { errors } = start()
  fail(errors, 9)
  t.notOk(errors.isSetAside(NODE))
  fail(errors, 1)
  t.ok(errors.isSetAside(NODE))
  t.same(errors.setAside(), [NODE])
})

t.test('errors that are a minute old do not count', async (t) => {
  const { clock, errors } = start()
  fail(errors, 9)
  await clock.advance(60_000)
  fail(errors, 9)
  t.notOk(errors.isSetAside(NODE))
})

t.test('a full device is set aside at once', async (t) => {
  const { errors } = start()
  errors.recordFull(NODE)
  t.ok(errors.isSetAside(NODE))
})

t.test('a node comes back by itself after a minute', async (t) => {
  const { clock, errors } = start()
  fail(errors, 10)
  await clock.advance(60_000)
  t.notOk(errors.isSetAside(NODE))
  t.same(errors.setAside(), [])
})

t.test('one request at a time is let through on trial, ever more rarely while it fails', async (t) => {
  const { clock, errors } = start()
  fail(errors, 10)
  await clock.advance(1000)
  t.notOk(errors.isSetAside(NODE), 'the trial')
  t.ok(errors.isSetAside(NODE), 'only one')
  fail(errors, 1)
  await clock.advance(1000)
  t.ok(errors.isSetAside(NODE), 'not after a second again')
  await clock.advance(1000)
  t.notOk(errors.isSetAside(NODE))
})

t.test('one success brings a node back', async (t) => {
  const { errors } = start()
  fail(errors, 10)
  errors.recordSuccess(NODE)
  t.notOk(errors.isSetAside(NODE))
})
