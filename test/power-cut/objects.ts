/** What the object workload leaves, and what is wrong with what a loss of power left of it. */
import type { ObjectEngine } from '#object-server/engine.ts'
import { expectedAfter, seenIn, WORKLOAD } from '#object-server/test-workload.ts'
import { openObjects } from './devices.ts'
import type { PowerCut } from './recorder.ts'

export const OBJECTS: readonly string[] = ['/a/c/one', '/a/c/two', '/a/c/three']

/** A sentence when an acknowledged change is not there whole, `undefined` when everything is as it must be. */
export async function objectsProblem({ directory, printed }: PowerCut): Promise<string | undefined> {
  const isNew = printed.length === 0
  const device = await openObjects(directory, isNew ? 'part_of_new_cluster' : 'may_have_held_data')
  try {
    const state = device.replicaStates(0)?.ofAll
    // What never acknowledged anything may be set aside when it was cut off in the making.
    if (state !== 'synced' && !isNew) return `the device is ${state}`
    if ((await device.quarantinedFiles()).get(0) !== 0) return 'a file had to be quarantined'
    return await enginesProblem(device.engine(0) as ObjectEngine, acknowledgedOf(printed))
  } finally {
    await device.close()
  }
}

async function enginesProblem(
  engine: ObjectEngine,
  acknowledged: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  let present = 0
  for (const name of OBJECTS) {
    const count = acknowledged.get(name) ?? 0
    const seen = await seenIn(engine, name)
    const allowed = [expectedAfter(WORKLOAD, count), expectedAfter(WORKLOAD, count + 1)]
    if (!allowed.includes(seen)) return `${name}: saw "${seen}", allowed: ${allowed.join(' or ')}`
    if (seen === 'missing') continue
    present += 1
    const changedAt = Number(seen.split(' ')[1])
    if ((await newestRow(engine, name)) < changedAt)
      return `${name}: the row of second ${changedAt} is not queued`
  }
  const { count } = engine.digestBelow('')
  return count === present ? undefined : `the digest counts ${count} objects instead of ${present}`
}

async function newestRow(engine: ObjectEngine, name: string): Promise<number> {
  const rows = await engine.updates.list(1000)
  const own = rows.filter((row) => `/${row.account}/${row.container}/${row.object}` === name)
  return Math.max(0, ...own.map((row) => Number(row.timestamp) - 1_700_000_000))
}

function acknowledgedOf(printed: readonly string[]): ReadonlyMap<string, number> {
  return new Map(printed.map((line) => line.split(' ')).map(([name = '', count]) => [name, Number(count)]))
}
