/**
 * The store as workers of a device use it: the operations that clients have, over the same rings and servers, with a
 * memory of its own and nobody to tell of changes of access, which workers do not make.
 */
import { ErrorLimiter } from '#cluster/error-limit.ts'
import { HybridClock } from '#cluster/hybrid-clock.ts'
import { MemoryBudget } from '#cluster/memory-budget.ts'
import { NodeClient } from '#cluster/node-client.ts'
import { StorageNodes } from '#cluster/placement.ts'
import type { LocalTransport } from '#http/local-transport.ts'
import { type CreatedStore, createStore } from '#store/create-store.ts'
import { StoreParts, type StorePartsOptions } from '#store/store-parts.ts'
import { markInMemory } from './clock-mark.ts'
import type { StorageDevice } from './storage-device.ts'
import type { WorkerContext } from './worker-context.ts'

export interface WorkerStore {
  readonly store: CreatedStore
  readonly parts: StoreParts
}

const STORES = new WeakMap<StorageDevice, Promise<WorkerStore>>()

/** The one store of a device's workers, made when the first of them asks for it. */
export function workerStoreOf(context: WorkerContext): Promise<WorkerStore> {
  let store = STORES.get(context.device)
  if (store === undefined) {
    store = openStore(context)
    STORES.set(context.device, store)
  }
  return store
}

async function openStore({
  environment,
  device,
  transport,
  rings,
  salt,
  settings,
  policies,
}: WorkerContext): Promise<WorkerStore> {
  const { clock } = environment
  const { isLocal } = transport as Partial<LocalTransport>
  const options: StorePartsOptions = {
    environment,
    client: new NodeClient({
      transport,
      clock,
      errors: new ErrorLimiter({ clock }),
      nodeTimeoutMs: settings.proxy.nodeTimeoutMs,
      connectTimeoutMs: settings.proxy.connectTimeoutMs,
    }),
    // Workers date nothing of their own but removals of what is empty: the wall clock will do.
    timestamps: await HybridClock.open(device.dating, markInMemory()),
    nodes: new StorageNodes((endpoint) => isLocal?.call(transport, endpoint) === true),
    rings: {
      account: () => rings.account.ring,
      container: () => rings.container.ring,
      object: (index) => rings.object(index)?.ring,
    },
    salt,
    heldBodies: new MemoryBudget(),
    rules: {
      autoCreateAccounts: settings.proxy.accountAutocreate,
      defaultPolicyIndex: policies.default.index,
    },
  }
  return { store: createStore(options), parts: new StoreParts(options) }
}
