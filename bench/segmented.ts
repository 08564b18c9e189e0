/**
 * What it costs that an object is made of segments: static and dynamic large objects beside a plain one of the same size.
 * Whole GETs, every byte compared, each object in turn and the rounds one after the other, so that what disturbs the machine
 * disturbs all of them.
 *
 *     node bench/segmented.ts [--mib 960] [--segments 64,1] [--connections 1,2] [--rounds 12] [--data DIR] [--port P]
 *     node bench/segmented.ts --url URL --pids LIST [--user U --key K]      a cluster that runs already
 *
 * Ends with 1 where a segmented object is below its share of the plain one's throughput. Needs about twenty times the size as room.
 */
import { parseArgs } from 'node:util'
import { type MartletCluster, startMartlet } from './martlet-cluster.ts'
import { processTree } from './process-usage.ts'
import { figure, table } from './report.ts'
import { type LargeObject, makeObjects, type Reading, readObject } from './segmented-objects.ts'
import { SwiftSession } from './swift-session.ts'

const GB = 1e9
/** Least share of the plain object's throughput, by MiB of a segment; smaller segments are told and not judged. */
const SHARE_MIN: ReadonlyMap<number, number> = new Map([[64, 0.9]])

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '960' },
    segments: { type: 'string', default: '64,1' },
    connections: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '12' },
    url: { type: 'string' },
    user: { type: 'string', default: 'test:tester' },
    key: { type: 'string', default: 'testing' },
    pids: { type: 'string', default: '' },
    data: { type: 'string' },
    port: { type: 'string', default: '18090' },
  },
})

const numbers = (list: string): readonly number[] => list.split(',').filter(Boolean).map(Number)
const target = values.url === undefined ? await start() : undefined
try {
  const url = values.url ?? target?.url ?? ''
  const pids = target === undefined ? numbers(values.pids) : processTree([target.pid])
  const session = await SwiftSession.open({ url, user: values.user, key: values.key })
  const objects = await makeObjects(session, Number(values.mib), numbers(values.segments))
  for (const connections of numbers(values.connections)) {
    const readings = await measured(session, objects, connections, pids)
    console.log(`${values.mib} MiB, ${connections} at a time\n${rendered(objects, readings)}\n`)
    if (objects.some((object) => isTooSlow(object, readings))) process.exitCode = 1
  }
} finally {
  await target?.stop()
}

function start(): Promise<MartletCluster> {
  const { data, port } = values
  return startMartlet({ port: Number(port), ...(data === undefined ? {} : { data }) })
}

/** The readings of each object, one a round. The first round warms up and is not kept. */
async function measured(
  session: SwiftSession,
  objects: readonly LargeObject[],
  connections: number,
  pids: readonly number[],
): Promise<ReadonlyMap<LargeObject, readonly Reading[]>> {
  const readings = new Map<LargeObject, Reading[]>(objects.map((object) => [object, []]))
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const object of objects) {
      const reading = await readObject(session, object, { round, connections, pids })
      if (round > 0) readings.get(object)?.push(reading)
    }
  }
  return readings
}

function rendered(
  objects: readonly LargeObject[],
  readings: ReadonlyMap<LargeObject, readonly Reading[]>,
): string {
  const rows = objects.map((object) => {
    const own = readings.get(object) ?? []
    return [
      object.label,
      figure(speedOf(own)),
      figure(shareOf(object, readings)),
      figure((sumOf(own, 'cpuSeconds') / sumOf(own, 'bytes')) * GB),
      figure(sumOf(own, 'firstByteMs') / own.length),
    ]
  })
  return table([['all rounds', 'MB/s', 'of plain', 'server CPU s/GB', 'first byte ms'], ...rows])
}

/** Throughput beside that of the plain objects. */
function shareOf(object: LargeObject, readings: ReadonlyMap<LargeObject, readonly Reading[]>): number {
  const [plain = []] = readings.values()
  return speedOf(readings.get(object) ?? []) / speedOf(plain)
}

function isTooSlow(object: LargeObject, readings: ReadonlyMap<LargeObject, readonly Reading[]>): boolean {
  const least = SHARE_MIN.get(object.segmentMib ?? 0)
  return least !== undefined && shareOf(object, readings) < least
}

/** Megabytes per second. */
function speedOf(readings: readonly Reading[]): number {
  return sumOf(readings, 'bytes') / sumOf(readings, 'seconds') / 1e6
}

function sumOf(readings: readonly Reading[], of: keyof Reading): number {
  return readings.reduce((sum, reading) => sum + reading[of], 0)
}
