/** Answers `/endpoints/` from the rings in force (`middleware/endpoints.ts`). */
import { type HashPathSalt, hashName, quotedPath, type ResourceName } from '#base/names.ts'
import type { Ring } from '#ring/ring.ts'
import type { Store } from '#store/contract.ts'
import type { OperationContext } from '#store/operation.ts'
import type { EndpointsLookup } from './middleware/endpoints.ts'

export interface RingEndpointsDeps {
  readonly store: Pick<Store, 'containers'>
  readonly salt: HashPathSalt
  readonly rings: {
    readonly account: () => Ring
    readonly container: () => Ring
    /** `undefined` when there is no such policy. */
    readonly object: (policyIndex: number) => Ring | undefined
  }
}

/** Objects of a container that is not there are where the first policy puts them, as Swift says. */
const POLICY_WITHOUT_CONTAINER = 0

export function ringEndpoints(deps: RingEndpointsDeps): EndpointsLookup {
  return {
    async locate(context, name) {
      const policyIndex = await policyOf(deps, context, name)
      const ring = ringOf(deps, name, policyIndex)
      return { urls: ring === undefined ? [] : urlsOf(ring, name, deps.salt), policyIndex }
    },
  }
}

async function policyOf(
  { store }: RingEndpointsDeps,
  context: OperationContext,
  { account, container, object }: ResourceName,
): Promise<number | undefined> {
  if (container === undefined || object === undefined) return undefined
  const info = await store.containers.info(context, { account, container })
  return info?.policyIndex ?? POLICY_WITHOUT_CONTAINER
}

function ringOf(
  { rings }: RingEndpointsDeps,
  name: ResourceName,
  policyIndex: number | undefined,
): Ring | undefined {
  if (policyIndex !== undefined) return rings.object(policyIndex)
  return name.container === undefined ? rings.account() : rings.container()
}

function urlsOf(ring: Ring, name: ResourceName, salt: HashPathSalt): readonly string[] {
  const partition = ring.partitionOf(hashName(name, salt))
  const path = quotedPath(
    `/${[name.account, name.container, name.object].filter((part) => part !== undefined).join('/')}`,
  )
  return ring
    .primaries(partition)
    .map(
      ({ ip, port, device }) =>
        `http://${ip.includes(':') ? `[${ip}]` : ip}:${port}/${device}/${partition}${path}`,
    )
}
