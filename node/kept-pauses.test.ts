import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { writeDurably } from './durable-file.ts'
import { KeptPauses } from './kept-pauses.ts'

t.test('a pause survives a crash, and so does its end', async (t) => {
  const disk = new MemoryDisk()
  const first = disk.remount()
  await first.mkdir('/d1')
  await first.syncDirectory('/')
  const pauses = await KeptPauses.open(first, '/d1', silentLogger)
  t.equal(pauses.pausedUntilMs('auditor'), undefined)
  await Promise.all([pauses.keep('auditor', 5000), pauses.keep('updater', 7000)])
  disk.crash(new SeededRandom(1))
  const second = await KeptPauses.open(disk.remount(), '/d1', silentLogger)
  t.equal(second.pausedUntilMs('auditor'), 5000)
  t.equal(second.pausedUntilMs('updater'), 7000)
  await second.keep('auditor', undefined)
  disk.crash(new SeededRandom(1))
  const third = await KeptPauses.open(disk.remount(), '/d1', silentLogger)
  t.equal(third.pausedUntilMs('auditor'), undefined)
  t.equal(third.pausedUntilMs('updater'), 7000)
})

t.test('a file that cannot be understood pauses nobody', async (t) => {
  const disk = new MemoryDisk().remount()
  await disk.mkdir('/d1')
  for (const text of [
    '',
    '[]',
    'null',
    '{"version":2,"untilMs":{"auditor":5}}',
    '{"version":1,"untilMs":{"auditor":"x"}}',
  ]) {
    await writeDurably(disk, '/d1/paused-workers.json', Buffer.from(text))
    const pauses = await KeptPauses.open(disk, '/d1', silentLogger)
    t.equal(pauses.pausedUntilMs('auditor'), undefined, text)
  }
})
