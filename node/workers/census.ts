/** The census of a device: how many objects of its partitions lack copies, and since when. */
import { type Census, createCensus } from '#census/census.ts'
import { censusMemory } from '../census-memory.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'

const COUNTERS = new WeakMap<WorkerContext, Census>()

export const censusWorker: MakeWorker = (context) => censusOf(context).worker

/** The one census of a device. */
export function censusOf(context: WorkerContext): Census {
  const known = COUNTERS.get(context)
  if (known !== undefined) return known
  const { environment, log, transport, device, rings, host, policies, foreground } = context
  const census = createCensus({
    environment,
    log,
    transport,
    policies: policies.all.flatMap(({ index }) => {
      const replica = device.objects.device.replica(index)
      return replica === undefined ? [] : [{ index, replica }]
    }),
    ring: (policy) => rings.object(policy)?.ring,
    isSelf: (other) => other.ip === host && other.device === device.name,
    memory: censusMemory(environment.disk, device.path),
    isInService: async () => (await device.objects.device.drive.refuseRead()) === undefined,
    foreground,
  })
  COUNTERS.set(context, census)
  return census
}
