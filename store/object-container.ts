/** The container of an object: every operation on an object begins by knowing it. */
import type { Containers } from './containers.ts'
import type { ContainerInfo, ContainerName, ObjectName, OperationContext, StoreFailure } from './contract.ts'
import type { StoreParts } from './store-parts.ts'

/** What operations on objects work with. */
export interface ObjectDeps {
  readonly parts: StoreParts
  readonly containers: Containers
}

export function containerName({ account, container }: ObjectName): ContainerName {
  return { account, container }
}

export type NoContainer = Extract<StoreFailure, { readonly kind: 'no_such_container' | 'unavailable' }>

/**
 * The container a write goes to. Absence that is only remembered is not believed: whoever made the container may have
 * done so through another proxy, a moment ago.
 */
export async function containerForWrite(
  containers: Containers,
  context: OperationContext,
  name: ObjectName,
): Promise<ContainerInfo | NoContainer> {
  const container = containerName(name)
  const held = containers.held(container)
  if (held?.kind === 'exists') return held.info
  const known =
    held === undefined
      ? await containers.lookUp(context, container)
      : await containers.lookAgain(context, container)
  if (known.kind === 'exists') return known.info
  return known.kind === 'unavailable' ? known : { kind: 'no_such_container' }
}

export function noRing(policyIndex: number): Extract<StoreFailure, { readonly kind: 'unavailable' }> {
  return { kind: 'unavailable', reason: `there is no ring for storage policy ${policyIndex}` }
}
