/**
 * Nothing is written while the cluster, or an account or container, is read-only (OpenStack Swift,
 * `common/middleware/read_only.py`; that containers can be is ours). An account or container that says otherwise than the
 * cluster is believed.
 */
import { boolean } from '#base/option-values.ts'
import type { HeaderMap } from '#http/message.ts'
import type { IndexOperations, Store, StoreLayer } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { AccountName, ContainerName, OperationContext } from '../operation.ts'

export interface ReadOnlyOptions {
  readonly cluster: 'read_only' | 'writable'
  readonly deletes: 'allowed' | 'refused'
}

export const ACCOUNT_READ_ONLY_SYSMETA = 'x-account-sysmeta-read-only'
export const CONTAINER_READ_ONLY_SYSMETA = 'x-container-sysmeta-read-only'

const REFUSED = { kind: 'read_only' } as const satisfies StoreFailure

type Guard = (
  context: OperationContext,
  name: { readonly account: string; readonly container?: string | undefined },
) => Promise<typeof REFUSED | undefined>

export function readOnly(options: ReadOnlyOptions): StoreLayer {
  return (inner) => {
    const guard = guardOf(inner, options)
    const { accounts, containers, objects } = inner
    return {
      accounts: {
        ...guarded<AccountName>(accounts, guard, options, ACCOUNT_READ_ONLY_SYSMETA),
        info: (context, name) => accounts.info(context, name),
        read: (context, name, read) => accounts.read(context, name, read),
        put: async (context, name, changes) =>
          isSwitch(changes, ACCOUNT_READ_ONLY_SYSMETA)
            ? accounts.put(context, name, changes)
            : ((await guard(context, name)) ?? accounts.put(context, name, changes)),
      },
      containers: {
        ...guarded<ContainerName>(containers, guard, options, CONTAINER_READ_ONLY_SYSMETA),
        info: (context, name) => containers.info(context, name),
        read: (context, name, read) => containers.read(context, name, read),
        put: async (context, name, put) => (await guard(context, name)) ?? containers.put(context, name, put),
      },
      objects: {
        read: (context, name, read) => objects.read(context, name, read),
        put: async (context, name, put) => {
          const refused = await guard(context, name)
          if (refused === undefined) return await objects.put(context, name, put)
          await put.body.cancel()
          return refused
        },
        post: async (context, name, post) =>
          (await guard(context, name)) ?? objects.post(context, name, post),
        delete: async (context, name, gone) =>
          options.deletes === 'allowed'
            ? objects.delete(context, name, gone)
            : ((await guard(context, name)) ?? objects.delete(context, name, gone)),
      },
    }
  }
}

function guarded<Name extends AccountName | ContainerName>(
  operations: IndexOperations<Name>,
  guard: Guard,
  { deletes }: ReadOnlyOptions,
  sysmeta: string,
): IndexOperations<Name> {
  return {
    post: async (context, name, changes) =>
      isSwitch(changes, sysmeta)
        ? operations.post(context, name, changes)
        : ((await guard(context, name)) ?? operations.post(context, name, changes)),
    delete: async (context, name) =>
      deletes === 'allowed'
        ? operations.delete(context, name)
        : ((await guard(context, name)) ?? operations.delete(context, name)),
  }
}

/** The change is that of the switch itself, which only resellers may make. */
function isSwitch(changes: HeaderMap, sysmeta: string): boolean {
  return changes[sysmeta] !== undefined
}

function guardOf({ accounts, containers }: Store, { cluster }: ReadOnlyOptions): Guard {
  return async (context, { account, container }) => {
    const ofContainer =
      container === undefined ? undefined : await containers.info(context, { account, container })
    const said =
      saidBy(ofContainer?.metadata, CONTAINER_READ_ONLY_SYSMETA) ??
      saidBy((await accounts.info(context, { account }))?.metadata, ACCOUNT_READ_ONLY_SYSMETA)
    return (said ?? cluster) === 'read_only' ? REFUSED : undefined
  }
}

function saidBy(metadata: HeaderMap | undefined, sysmeta: string): ReadOnlyOptions['cluster'] | undefined {
  const said = metadata?.[sysmeta]
  if (said === undefined || said === '') return undefined
  const parsed = boolean(said)
  return parsed.kind === 'value' && parsed.value ? 'read_only' : 'writable'
}
