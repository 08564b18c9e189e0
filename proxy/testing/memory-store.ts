/**
 * The store in memory: the same contract, no rings, no replicas, one process. Doors and feature layers are tested on
 * it. Accounts come into being by themselves.
 */
import { parsePolicies, StoragePolicies } from '#backend/policies.ts'
import type { Clock } from '#base/environment.ts'
import { normalForm, TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { AccountInfo, AccountOperations, ContainerOperations, Store } from '#store/contract.ts'
import type { FeatureDeps } from '#store/features.ts'
import { memoryObjects } from './memory-objects.ts'
import { bytesIn, changeMetadata, type MemoryAccount, type MemoryContainer } from './memory-state.ts'
import {
  accountInfo,
  accountPage,
  containerHeaders,
  containerInfo,
  containerPage,
  sum,
} from './memory-views.ts'

export interface MemoryStoreOptions {
  readonly clock: Clock
  /** Default: one policy. */
  readonly policies?: StoragePolicies
}

export class MemoryStore implements Store {
  readonly accounts: AccountOperations
  readonly containers: ContainerOperations
  readonly objects: Store['objects']
  /** The clock by which it writes. */
  readonly timestamps: FeatureDeps['timestamps'] = {
    next: () => Promise.resolve(this.#now()),
    observe: () => undefined,
  }
  readonly #clock: Clock
  readonly #policies: StoragePolicies
  readonly #accounts = new Map<string, MemoryAccount>()
  #lastTicks = 0

  constructor(options: MemoryStoreOptions) {
    this.#clock = options.clock
    this.#policies = options.policies ?? onePolicy()
    this.accounts = this.#accountOperations()
    this.containers = this.#containerOperations()
    this.objects = memoryObjects({
      containerOf: ({ account, container }) => this.#live(account)?.containers.get(container),
      now: () => this.#now(),
      nowSeconds: () => this.#clock.wallMs() / 1000,
    })
  }

  #now(): Timestamp {
    this.#lastTicks = Math.max(
      this.#lastTicks + 1,
      Math.floor((this.#clock.wallMs() / 1000) * TICKS_PER_SECOND),
    )
    return timestampFromTicks(this.#lastTicks)
  }

  #live(name: string): MemoryAccount | undefined {
    const account = this.#accounts.get(name)
    return account?.deleted === true ? undefined : account
  }

  /** `undefined` when it was deleted. */
  #liveOrNew(name: string, metadata: HeaderMap = {}): MemoryAccount | undefined {
    const existing = this.#accounts.get(name)
    if (existing !== undefined) return existing.deleted ? undefined : existing
    const account: MemoryAccount = {
      createdAt: this.#now(),
      deleted: false,
      metadata: {},
      containers: new Map(),
      policiesSeen: new Set(),
    }
    changeMetadata(account.metadata, metadata)
    this.#accounts.set(name, account)
    return account
  }

  #accountOperations(): AccountOperations {
    return {
      info: async (_context, { account }) => {
        const found = this.#accounts.get(account)
        return found?.deleted === true ? undefined : accountInfo(found)
      },
      read: async (_context, { account }, { listing }) => {
        const found = this.#accounts.get(account)
        if (found?.deleted === true) return { kind: 'account_deleted' }
        const info = accountInfo(found)
        const headers = this.#accountHeaders(found, info)
        return { kind: 'found', info, headers, page: listing && accountPage(found, listing) }
      },
      put: async (_context, { account }, changes) => {
        const isNew = this.#accounts.get(account) === undefined
        const found = this.#liveOrNew(account)
        if (found === undefined) return { kind: 'account_deleted' }
        changeMetadata(found.metadata, changes)
        return { kind: isNew ? 'created' : 'updated' }
      },
      post: async (_context, { account }, changes) => {
        const found = this.#liveOrNew(account)
        if (found === undefined) return { kind: 'account_deleted' }
        changeMetadata(found.metadata, changes)
        return { kind: 'updated' }
      },
      delete: async (_context, { account }) => {
        const found = this.#live(account)
        if (found === undefined) return { kind: 'no_such_account' }
        found.deleted = true
        return { kind: 'deleted' }
      },
    }
  }

  #accountHeaders(account: MemoryAccount | undefined, info: AccountInfo): HeaderMap {
    const timestamp = normalForm(account?.createdAt ?? this.#now())
    const headers: Record<string, string | undefined> = {
      ...info.metadata,
      'x-account-container-count': String(info.containerCount),
      'x-account-object-count': String(info.objectCount),
      'x-account-bytes-used': String(info.bytesUsed),
      'x-timestamp': timestamp,
      'x-put-timestamp': timestamp,
    }
    for (const policy of this.#policies.all) {
      if (account?.policiesSeen.has(policy.index) !== true) continue
      const containers = [...account.containers.values()].filter((one) => one.policyIndex === policy.index)
      const prefix = `x-account-storage-policy-${policy.name.toLowerCase()}`
      headers[`${prefix}-container-count`] = String(containers.length)
      headers[`${prefix}-object-count`] = String(sum(containers.map((one) => one.objects.size)))
      headers[`${prefix}-bytes-used`] = String(sum(containers.map(bytesIn)))
    }
    return headers
  }

  #containerOperations(): ContainerOperations {
    const find = (name: { account: string; container: string }): MemoryContainer | undefined =>
      this.#live(name.account)?.containers.get(name.container)
    return {
      info: async (_context, name) => {
        const found = find(name)
        return found && containerInfo(found)
      },
      read: async (_context, name, { listing }) => {
        const found = find(name)
        if (found === undefined) return { kind: 'no_such_container' }
        const info = containerInfo(found)
        return {
          kind: 'found',
          info,
          headers: containerHeaders(found, info),
          page: listing && containerPage(found, listing),
        }
      },
      put: async (_context, name, { changes, policyIndex, accountMetadata }) => {
        const account = this.#liveOrNew(name.account, accountMetadata)
        if (account === undefined) return { kind: 'account_deleted' }
        const existing = account.containers.get(name.container)
        if (existing === undefined) {
          const created = this.#newContainer(changes, policyIndex)
          account.containers.set(name.container, created)
          account.policiesSeen.add(created.policyIndex)
          return { kind: 'created' }
        }
        if (policyIndex !== undefined && policyIndex !== existing.policyIndex)
          return { kind: 'conflict', newest: undefined }
        this.#change(existing, changes)
        return { kind: 'updated' }
      },
      post: async (_context, name, changes) => {
        const found = find(name)
        if (found === undefined) return { kind: 'no_such_container' }
        this.#change(found, changes)
        return { kind: 'updated' }
      },
      delete: async (_context, name) => {
        const found = find(name)
        if (found === undefined) return { kind: 'no_such_container' }
        if (found.objects.size > 0) return { kind: 'not_empty' }
        this.#live(name.account)?.containers.delete(name.container)
        return { kind: 'deleted' }
      },
    }
  }

  #newContainer(changes: HeaderMap, policyIndex: number | undefined): MemoryContainer {
    const createdAt = this.#now()
    const container: MemoryContainer = {
      policyIndex: policyIndex ?? this.#policies.default.index,
      createdAt,
      changedAt: createdAt,
      metadata: {},
      objects: new Map(),
    }
    changeMetadata(container.metadata, changes)
    return container
  }

  #change(container: MemoryContainer, changes: HeaderMap): void {
    changeMetadata(container.metadata, changes)
    container.changedAt = this.#now()
  }
}

function onePolicy(): StoragePolicies {
  const parsed = parsePolicies([])
  if (!(parsed instanceof StoragePolicies)) throw new Error(parsed.message)
  return parsed
}
