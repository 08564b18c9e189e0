import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createLogger, silentLogger } from './log.ts'
import { VirtualClock } from './virtual-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'martlet-log-'))
t.teardown(() => rmSync(folder, { recursive: true }))

void t.test('a line is JSON with the time of the clock and the fields of the child', async (t) => {
  const path = join(folder, 'lines')
  const log = createLogger({ level: 'info', clock: new VirtualClock(), fd: openSync(path, 'w') })
  log.child({ room: 'proxy' }).warn({ txId: 'tx1', authorization: 'secret' }, 'slow')
  log.debug({}, 'not shown')
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  t.equal(lines.length, 1)
  t.same(JSON.parse(lines[0] ?? ''), {
    level: 'warn',
    time: '2023-11-14T22:13:20.000Z',
    room: 'proxy',
    txId: 'tx1',
    authorization: '[Redacted]',
    msg: 'slow',
  })
})

void t.test('the silent logger says nothing, and its children neither', async (t) => {
  silentLogger.child({ a: 1 }).error({}, 'x')
  silentLogger.info({}, 'x')
  silentLogger.debug({}, 'x')
  silentLogger.warn({}, 'x')
  t.pass()
})
