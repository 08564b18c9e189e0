/**
 * The usual answer to a look at the index, without the way through the layers of a HEAD: the object is there, nothing later of it was lost, it has not expired, no
 * POST changed it, the ring gives it to the device, and nothing that the device holds is joining or stale. Whatever is otherwise goes the way of the HEAD.
 */
import { parseObjectAddress } from '#backend/address.ts'
import { isRefusal } from '#backend/refusal.ts'
import { timestampNow } from '#backend/timestamp-header.ts'
import { pathOf } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { AskedProbe } from './probes.ts'
import type { ObjectServerContext } from './server-context.ts'
import { isPast } from './stored-object.ts'

/** The time of the data of each, `undefined` where that does not say all; nothing where the device cannot be read. */
export async function quickProbes(
  server: ObjectServerContext,
  asked: readonly AskedProbe[],
): Promise<readonly (Timestamp | undefined)[]> {
  if ((await server.device.drive.refuseRead()) !== undefined) return []
  const now = timestampNow(server.clock)
  return await Promise.all(asked.map((probe) => quickProbe(server, probe, now)))
}

async function quickProbe(
  { device, policies }: ObjectServerContext,
  { path, policyIndex }: AskedProbe,
  now: Timestamp,
): Promise<Timestamp | undefined> {
  const engine = policies.byIndex(policyIndex) && device.engine(policyIndex)
  const address = parseObjectAddress({ path })
  if (engine === undefined || isRefusal(address) || address.device !== device.name) return undefined
  const found = await engine.probe(pathOf(address))
  if (found.kind !== 'found' || found.lost !== undefined) return undefined
  if (found.changes !== undefined || isPast(found.deleteAt, now)) return undefined
  // Asked afterwards, so that whatever was lost until then is not taken for an old version.
  const [states, ledger] = [device.replicaStates(policyIndex), device.ledger(policyIndex)]
  if (states?.ofAll !== 'synced' || ledger?.mayBeStale === true) return undefined
  const hash = ledger?.knowsOwned === true ? device.replica(policyIndex)?.hashOf(pathOf(address)) : undefined
  if (hash !== undefined && ledger?.ownsHash(hash) === false) return undefined
  return found.timestamp === found.dataTimestamp ? found.dataTimestamp : undefined
}
