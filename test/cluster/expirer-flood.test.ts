/** A million objects may be due in the same second; here it is twenty thousand. */
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { newInfo } from '#db/info.ts'
import { type ObjectRow, putRow } from '#db/object-row.ts'
import type { Task } from '#expirer/task.ts'
import { pass, QUEUE, tasksLeft } from './expirers.ts'
import { MemoryCluster } from './memory-cluster.ts'

/** On a busy machine most of the time is spent waiting for a turn. */
t.setTimeout(600_000)

t.test('twenty thousand tasks due in the same second drain in pages, shared by all devices', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const due = 1_700_000_000
  const count = 20_000
  const containers = Array.from({ length: 20 }, (_, at) => String(due - 86_400 - at))
  const name = (at: number): string => `${due}-a/c/o${at}`
  for (const [shard, container] of containers.entries()) {
    const rows: ObjectRow[] = []
    for (let at = shard; at < count; at += containers.length) {
      rows.push(
        putRow({
          name: name(at),
          policyIndex: 0,
          timestamp: second(due - 10),
          sizeBytes: 0,
          etag: '',
          contentType: 'text/plain',
        }),
      )
    }
    const owner = { account: QUEUE, container }
    const { primaries } = cluster.parts.containerPlacement(QUEUE, container)
    for (const node of primaries) {
      await cluster.deviceAt(node.port).containers.apply(owner, rows, () => ({
        result: undefined,
        info: newInfo(owner, second(due - 10), 0),
        rows: 'merge',
      }))
    }
  }
  const done = new Map<string, number>()
  let underWay = 0
  let most = 0
  const remover = {
    remove: async (tasks: readonly Task[]) => {
      underWay += tasks.length
      most = Math.max(most, underWay)
      await Promise.resolve()
      for (const { row } of tasks) done.set(row, (done.get(row) ?? 0) + 1)
      underWay -= tasks.length
      return tasks.map(() => 'deleted' as const)
    },
  }
  const reports = await pass(cluster, cluster.devices, { remover, clock: clockAt(due + 5) })
  t.equal(done.size, count)
  t.ok(
    [...done.values()].every((times) => times === 1),
    'each once',
  )
  t.ok(most <= 16, `${most} at a time`)
  t.equal(await tasksLeft(cluster), 0)
  const shares = reports.map(({ repaired }) => repaired['deleted'] ?? 0)
  t.ok(
    shares.every((share) => share > count / 10),
    `shares ${shares.join(', ')}`,
  )
})

function second(seconds: number): Timestamp {
  return parseTimestamp(String(seconds)) as Timestamp
}

/** The real clock at another time of the wall. */
function clockAt(seconds: number): typeof realClock {
  const offsetMs = seconds * 1000 - realClock.wallMs()
  return {
    wallMs: () => realClock.wallMs() + offsetMs,
    monotonicMs: () => realClock.monotonicMs(),
    setTimer: (delayMs, callback) => realClock.setTimer(delayMs, callback),
    sleep: (delayMs, signal) => realClock.sleep(delayMs, signal),
  }
}
