/** The container of an object: every operation on an object begins by knowing it. */
import type { Containers } from './containers.ts'
import type { ContainerInfo } from './contract.ts'
import type { StoreFailure } from './failure.ts'
import type { ContainerName, ObjectName, OperationContext } from './operation.ts'
import { shardOf } from './shards.ts'
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

/** The container of an object that is written. */
export interface WrittenContainer extends ContainerInfo {
  /** The shard whose index gets the object's row, when the container's own index is split. */
  readonly shard?: ContainerName | undefined
}

/**
 * The container a write goes to. Absence that is only remembered is not believed: whoever made the container may have
 * done so through another proxy, a moment ago.
 */
export async function containerForWrite(
  { parts, containers }: ObjectDeps,
  context: OperationContext,
  name: ObjectName,
): Promise<WrittenContainer | NoContainer> {
  const container = containerName(name)
  const held = containers.held(container)
  const known =
    held?.kind === 'exists'
      ? held
      : await (held === undefined
          ? containers.lookUp(context, container)
          : containers.lookAgain(context, container))
  if (known.kind === 'unavailable') return known
  if (known.kind !== 'exists') return { kind: 'no_such_container' }
  if (known.info.rows !== 'in_shards') return known.info
  return { ...known.info, shard: await shardOf(parts, context, name) }
}

export function noRing(policyIndex: number): Extract<StoreFailure, { readonly kind: 'unavailable' }> {
  return { kind: 'unavailable', reason: `there is no ring for storage policy ${policyIndex}` }
}
