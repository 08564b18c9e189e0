/** What every operation of the store works with: the cluster's rings and nodes, the clock, and the rules in force. */
import type { Environment } from '#base/environment.ts'
import type { HashPathSalt, ResourceName } from '#base/names.ts'
import { PATIENCE_MS } from '#cluster/conditional-write.ts'
import type { HybridClock } from '#cluster/hybrid-clock.ts'
import type { MemoryBudget } from '#cluster/memory-budget.ts'
import type { NodeClient } from '#cluster/node-client.ts'
import { type Placement, RingPlacement, type StorageNodes } from '#cluster/placement.ts'
import type { Ring } from '#ring/ring.ts'
import type { ObjectName } from './operation.ts'
import { type StoreObserver, UNOBSERVED } from './store-metrics.ts'
import { Turns } from './turns.ts'

/** The rings in force now. Another object when a ring file has changed. */
export interface ClusterRings {
  readonly account: () => Ring
  readonly container: () => Ring
  /** `undefined` for a storage policy that has no ring. */
  readonly object: (policyIndex: number) => Ring | undefined
}

export interface StoreRules {
  /** Accounts come into being with their first container (Swift `account_autocreate`). */
  readonly autoCreateAccounts: boolean
  /** Reads confirm that no acknowledged write is newer than the copy they give. */
  readonly objectReads: 'nearest' | 'confirmed'
  /** Policy of containers whose creator named none. */
  readonly defaultPolicyIndex: number
  /** Hidden account with the expirer's work (Swift `expiring_objects_account_name`, with its prefix). */
  readonly expirerAccount: string
  /** Tasks of one container of it cover this many seconds. */
  readonly expirerDivisorSeconds: number
  /** How long container and account information may be believed, milliseconds; absence a tenth of it. */
  readonly accountInfoMs: number
  readonly containerInfoMs: number
  /** How long a conditional write is tried among others before it is undecided, milliseconds. */
  readonly conditionalPatienceMs: number
}

/** OpenStack Swift's defaults (`proxy-server.conf`: `recheck_*_existence` 60 s, `expiring_objects_container_divisor`). */
export const DEFAULT_RULES: StoreRules = {
  autoCreateAccounts: true,
  objectReads: 'nearest',
  defaultPolicyIndex: 0,
  expirerAccount: '.expiring_objects',
  expirerDivisorSeconds: 86_400,
  accountInfoMs: 60_000,
  containerInfoMs: 60_000,
  conditionalPatienceMs: PATIENCE_MS,
}

export interface StorePartsOptions {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  readonly client: NodeClient
  readonly timestamps: HybridClock
  readonly nodes: StorageNodes
  readonly rings: ClusterRings
  readonly salt: HashPathSalt
  readonly heldBodies: MemoryBudget
  readonly rules?: Partial<StoreRules> | undefined
  readonly observer?: StoreObserver | undefined
}

export class StoreParts {
  readonly clock: Environment['clock']
  readonly random: Environment['random']
  readonly client: NodeClient
  readonly timestamps: HybridClock
  readonly salt: HashPathSalt
  readonly heldBodies: MemoryBudget
  readonly rules: StoreRules
  readonly observer: StoreObserver
  readonly rings: ClusterRings
  /** Of conditional writes, by path. */
  readonly turns: Turns
  readonly #nodes: StorageNodes
  readonly #accounts: RingPlacement
  readonly #containers: RingPlacement
  readonly #objects = new Map<number, RingPlacement>()

  constructor(options: StorePartsOptions) {
    this.clock = options.environment.clock
    this.random = options.environment.random
    this.client = options.client
    this.timestamps = options.timestamps
    this.salt = options.salt
    this.heldBodies = options.heldBodies
    this.rules = { ...DEFAULT_RULES, ...options.rules }
    this.observer = options.observer ?? UNOBSERVED
    this.rings = options.rings
    this.turns = new Turns(options.environment.clock)
    this.#nodes = options.nodes
    this.#accounts = this.#placementOf(options.rings.account)
    this.#containers = this.#placementOf(options.rings.container)
  }

  accountPlacement(account: string): Placement {
    return this.#accounts.of({ account })
  }

  containerPlacement(account: string, container: string): Placement {
    return this.#containers.of({ account, container })
  }

  /** `undefined` when the policy has no ring. */
  objectPlacement(policyIndex: number, name: ObjectName): Placement | undefined {
    let placement = this.#objects.get(policyIndex)
    if (placement === undefined) {
      const { object } = this.rings
      if (object(policyIndex) === undefined) return undefined
      placement = this.#placementOf(() => object(policyIndex) as Ring)
      this.#objects.set(policyIndex, placement)
    }
    return placement.of(name)
  }

  #placementOf(ring: () => Ring): RingPlacement {
    return new RingPlacement({ salt: this.salt, ring, nodes: this.#nodes })
  }
}

const PLAIN = /^[A-Za-z0-9_.~/-]*$/

/** `/account/container/object`, percent-encoded. */
export function pathOnWire(name: ResourceName): string {
  const { account, container, object } = name
  return `/${encoded(account)}${container === undefined ? '' : `/${encoded(container)}`}${object === undefined ? '' : `/${encoded(object)}`}`
}

function encoded(segment: string): string {
  if (PLAIN.test(segment)) return segment
  return segment.split('/').map(encodeURIComponent).join('/')
}
