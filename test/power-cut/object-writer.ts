/**
 * For `objects.test.ts`: a device's first start, changes to several objects at a time, a clean stop, a second start and
 * the rest of the changes. Prints `<object> <changes>` when a change is acknowledged.
 */
import { writeSync } from 'node:fs'
import type { ObjectEngine } from '#object-server/engine.ts'
import { apply, WORKLOAD } from '#object-server/test-workload.ts'
import { openObjects } from './devices.ts'
import { OBJECTS } from './objects.ts'

const directory = process.argv[2] ?? ''

async function work(engine: ObjectEngine, from: number, to: number): Promise<void> {
  await Promise.all(
    OBJECTS.map(async (name) => {
      for (const [at, step] of WORKLOAD.slice(from, to).entries()) {
        if (!(await apply(engine, step, name))) throw new Error(`${name}: change ${from + at} was refused`)
        writeSync(1, `${name} ${from + at + 1}\n`)
      }
    }),
  )
}

for (const [from, to] of [
  [0, 3],
  [3, WORKLOAD.length],
] as const) {
  const device = await openObjects(directory, from === 0 ? 'part_of_new_cluster' : 'may_have_held_data')
  await work(device.engine(0) as ObjectEngine, from, to)
  await device.close()
}
