/**
 * For `kill.test.ts`: writes objects to the device given as argument until it is killed, and says on standard output what
 * was acknowledged, one line each: `<number> <second>`.
 */
import { writeSync } from 'node:fs'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { DeviceHealth } from '#disk/device-health.ts'
import { DiskGate } from '#disk/disk-gate.ts'
import { realDisk } from '#disk/real-disk.ts'
import { levelEngine } from '#kv/open-level.ts'
import { DiskEngine } from './disk-engine.ts'
import { putObject, second, update } from './engine-contract.ts'

const OBJECTS = 40
const WRITERS = 8
const devicePath = process.argv[2] ?? ''
const firstSecond = Number(process.argv[3] ?? 0)

const health = new DeviceHealth(() => 0)
const { engine } = await DiskEngine.open({
  disk: new DiskGate({ clock: realClock, health, operationsMax: 3 }).guard(realDisk),
  kv: levelEngine(realDisk, realClock),
  clock: realClock,
  health,
  log: silentLogger,
  salt: { prefix: 'a', suffix: 'b' },
  devicePath,
  policyIndex: 0,
})

/** Each writer has objects of its own, so that their order is known. */
async function write(writer: number): Promise<void> {
  for (let round = 0; ; round += 1) {
    const number = writer + WRITERS * (round % (OBJECTS / WRITERS))
    const at = firstSecond + round + 1
    const updates = [update(`o${number}`, second(at))]
    const outcome = await putObject(engine, second(at), `${number} ${at}`, {
      name: `/a/c/o${number}`,
      updates,
    })
    if (outcome.kind === 'changed') writeSync(1, `${number} ${at}\n`)
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
