/**
 * What a container's metadata say at the moment of a write. A container that this process believes to be missing may have
 * been made a moment ago through another proxy, with versions: that is looked up again before anything is written.
 */
import type { ContainerInfo, ContainerOperations } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'

export type WrittenContainer =
  | { readonly kind: 'known'; readonly info: ContainerInfo }
  | Extract<StoreFailure, { readonly kind: 'unavailable' }>
  /** There is none; whatever is written to it will fail. */
  | { readonly kind: 'missing' }

export async function containerOf(
  containers: ContainerOperations,
  context: OperationContext,
  { account, container }: Pick<ObjectName, 'account' | 'container'>,
): Promise<WrittenContainer> {
  const name = { account, container }
  const info = await containers.info(context, name)
  if (info !== undefined) return { kind: 'known', info }
  const read = await containers.read(context, name, { newest: true })
  if (read.kind === 'found') return { kind: 'known', info: read.info }
  return read.kind === 'unavailable' ? read : { kind: 'missing' }
}
