/** Which share of a container's work is this device's. */
import { hashName } from '#base/names.ts'
import type { Turn } from '#container-server/follow-changes.ts'
import type { ContainerName } from '#store/operation.ts'
import type { WorkerContext } from './worker-context.ts'

/** The place of this device among the container's primaries; none while it may not vote. */
export function turnOf(
  { rings, salt, host, device }: Pick<WorkerContext, 'rings' | 'salt' | 'host' | 'device'>,
  name: ContainerName,
): Turn | undefined {
  const { ring } = rings.container
  const { ledger } = device.containers
  const partition = ring.partitionOf(hashName(name, salt))
  if (ledger.voice({ partPower: ring.partPower, partition }) !== 'synced') return undefined
  const primaries = ring.primaries(partition)
  const place = primaries.findIndex((one) => one.ip === host && one.device === device.name)
  return place < 0 ? undefined : { place, primaries: primaries.length }
}
