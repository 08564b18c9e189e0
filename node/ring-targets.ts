/** Where accounts, containers and objects are, by the rings of this moment, for servers that must tell others something. */
import { type HashPathSalt, hashName, type ResourceName } from '#base/names.ts'
import type { AccountTargets } from '#container-server/account-updates.ts'
import type { ContainerPlacement } from '#object-server/pending-rows.ts'
import type { ObjectPlacement } from '#object-server/row-witnesses.ts'
import { hostAndPort, type RingDevice } from '#ring/device.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import type { RingWatcher } from '#ring/ring-watcher.ts'

export interface RingTargets {
  readonly account: (account: string) => AccountTargets
  readonly container: ContainerPlacement
  readonly object: ObjectPlacement
}

export function ringTargets(rings: RingDirectory, salt: HashPathSalt): RingTargets {
  return {
    account: (account) => {
      const { partition, primaries } = primariesOf(rings.account, { account }, salt)
      return { partition, nodes: primaries.map(({ ip, port, device }) => ({ host: ip, port, device })) }
    },
    container: (account, container) => {
      const { partition, primaries } = primariesOf(rings.container, { account, container }, salt)
      const targets = primaries.map(({ ip, port, device }) => ({ host: hostAndPort(ip, port), device }))
      return { partition, targets }
    },
    object: (policyIndex, hash) => {
      const ring = rings.object(policyIndex)?.ring
      if (ring === undefined) return undefined
      const partition = ring.partitionOf(hash)
      const primaries = ring.primaries(partition).map(({ ip, port, device }) => ({ host: ip, port, device }))
      return { range: { partPower: ring.partPower, partition }, primaries }
    },
  }
}

function primariesOf(
  { ring }: RingWatcher,
  name: ResourceName,
  salt: HashPathSalt,
): { readonly partition: string; readonly primaries: readonly RingDevice[] } {
  const partition = ring.partitionOf(hashName(name, salt))
  return { partition: String(partition), primaries: ring.primaries(partition) }
}
