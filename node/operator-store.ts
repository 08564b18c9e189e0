/**
 * The store as a command uses it: the same operations as the proxies', with no client in front and nothing remembered
 * for long. Its clock relies on that of the machine.
 */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import { ErrorLimiter } from '#cluster/error-limit.ts'
import { HybridClock } from '#cluster/hybrid-clock.ts'
import { MemoryBudget } from '#cluster/memory-budget.ts'
import { NodeClient } from '#cluster/node-client.ts'
import { StorageNodes } from '#cluster/placement.ts'
import type { Transport } from '#http/transport.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import type { Store } from '#store/contract.ts'
import { createStore } from '#store/create-store.ts'
import { markInMemory } from './clock-mark.ts'
import { ringsNow } from './rings-now.ts'

/** No client waits: a busy server is given more time than a proxy would give it. */
const CONNECT_TIMEOUT_MS = 5_000
const NODE_TIMEOUT_MS = 30_000

export interface OperatorStoreOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly transport: Transport
  readonly rings: RingDirectory
  readonly salt: HashPathSalt
  readonly defaultPolicyIndex: number
}

/** Accounts come into being when they are first written to. */
export async function openOperatorStore(options: OperatorStoreOptions): Promise<Store> {
  const { environment, log, transport, rings, salt, defaultPolicyIndex } = options
  const { clock } = environment
  return createStore({
    environment,
    client: new NodeClient({
      transport,
      clock,
      errors: new ErrorLimiter({ clock }),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      nodeTimeoutMs: NODE_TIMEOUT_MS,
    }),
    timestamps: await HybridClock.open(clock, markInMemory(), (error) =>
      log.warn({ err: error }, 'the clock of the command'),
    ),
    nodes: new StorageNodes(() => false),
    rings: ringsNow(rings),
    salt,
    heldBodies: new MemoryBudget(),
    rules: { autoCreateAccounts: true, defaultPolicyIndex },
  })
}
