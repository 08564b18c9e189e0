/** `kill -9` in the middle of writes to a real directory: whatever the process acknowledged is there afterwards. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { DeviceHealth } from '#disk/device-health.ts'
import { realDisk } from '#disk/real-disk.ts'
import { levelEngine } from '#kv/open-level.ts'
import { DiskEngine } from './disk-engine.ts'
import { bodyOf } from './engine-contract.ts'

const WORKER = new URL('./test-kill-worker.ts', import.meta.url).pathname
/** Acknowledgements to wait for before the kill. */
const ENOUGH = 60

/** Runs the worker until it has acknowledged enough, kills it, and gives the last acknowledged second per object. */
async function writeAndKill(devicePath: string, firstSecond: number): Promise<ReadonlyMap<string, number>> {
  const worker = spawn(process.execPath, [WORKER, devicePath, String(firstSecond)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(worker, 'exit')
  let output = ''
  for await (const chunk of worker.stdout) {
    output += String(chunk)
    if (output.split('\n').length > ENOUGH) worker.kill('SIGKILL')
  }
  await exit
  const acknowledged = new Map<string, number>()
  for (const line of output.split('\n').filter((text) => text !== '')) {
    const [number = '', at = ''] = line.split(' ')
    acknowledged.set(number, Math.max(Number(at), acknowledged.get(number) ?? 0))
  }
  return acknowledged
}

await t.test('a killed process loses nothing it acknowledged', async (t) => {
  const devicePath = await mkdtemp(join(tmpdir(), 'martlet-kill-'))
  t.teardown(() => rm(devicePath, { recursive: true, force: true }))
  await mkdir(join(devicePath, 'tmp'))
  for (const round of [0, 1, 2]) {
    const acknowledged = await writeAndKill(devicePath, round * 100_000)
    await rm(join(devicePath, 'tmp'), { recursive: true })
    await mkdir(join(devicePath, 'tmp'))
    const { engine, report } = await DiskEngine.open({
      disk: realDisk,
      kv: levelEngine(realDisk, realClock),
      clock: realClock,
      health: new DeviceHealth(() => 0),
      log: silentLogger,
      salt: { prefix: 'a', suffix: 'b' },
      devicePath,
      policyIndex: 0,
    })
    t.match(report, { kind: 'reconciled', quarantined: 0 })
    const rows = await engine.updates.list(100_000)
    const wrong: string[] = []
    for (const [number, at] of acknowledged) {
      const [found = '', foundAt = '0'] = (await bodyOf(engine, `/a/c/o${number}`)).split(' ')
      if (found !== number || Number(foundAt) < at)
        wrong.push(`object ${number}: ${foundAt} instead of ${at}`)
      const newest = rows.filter((row) => row.object === `o${number}`).map((row) => Number(row.timestamp))
      if (Math.max(...newest) < 1_700_000_000 + at) wrong.push(`row of object ${number}`)
    }
    t.same(wrong, [], `after kill ${round + 1}, ${acknowledged.size} objects acknowledged`)
    await engine.close()
  }
})
