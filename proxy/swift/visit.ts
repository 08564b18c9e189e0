/** What every verb of the Swift door is given: its surroundings, and one visit by one client to one name. */
import type { Realms } from '#auth/container-sync/realms.ts'
import type { ResellerPrefix } from '#auth/principal.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { Clock } from '#base/environment.ts'
import type { Request, Response } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import type { AccountName, ContainerName, ObjectName } from '#store/operation.ts'
import type { AccessDeps } from '../access/ask-access.ts'
import type { Transaction } from '../transaction.ts'

export interface SwiftDoorOptions {
  readonly resellers: readonly ResellerPrefix[]
  /** Accounts may be created and deleted by resellers. */
  readonly allowAccountManagement: boolean
  /** Origins allowed besides those of the container. */
  readonly corsAllowOrigin: readonly string[]
  /** Headers that scripts may read, besides those of the container; lower-case. */
  readonly corsExposeHeaders: readonly string[]
  /** Without it, every origin gets CORS headers, allowed or not. */
  readonly strictCorsMode: boolean
  /** Largest single upload, bytes. */
  readonly maxFileSizeBytes: number
}

export interface SwiftDoorDeps {
  readonly store: Store
  readonly policies: StoragePolicies
  readonly clock: Clock
  readonly options: SwiftDoorOptions
  /** What the one decision about access is asked with. */
  readonly access: AccessDeps
  /** Clusters that containers may be synced to, at this moment. */
  readonly syncRealms: () => Realms
}

export interface Access {
  /** Sees and changes access lists and keys (`swift_owner`). */
  readonly owner: boolean
  /** Was let change access lists without being an owner. */
  readonly lists?: 'may_change' | undefined
  /** Resellers change what others only see (`reseller-settings.ts`). */
  readonly by: 'reseller' | 'other'
}

export interface Visit<Name> {
  readonly name: Name
  readonly request: Request
  /** The context that store operations take. */
  readonly transaction: Transaction
  readonly access: Access
}

export type AccountVerb = (deps: SwiftDoorDeps, visit: Visit<AccountName>) => Promise<Response>
export type ContainerVerb = (deps: SwiftDoorDeps, visit: Visit<ContainerName>) => Promise<Response>
export type ObjectVerb = (deps: SwiftDoorDeps, visit: Visit<ObjectName>) => Promise<Response>

/**
 * Headers that only owners see and change (Swift `swift_owner_headers`): access lists, and keys with which one could
 * sign requests.
 */
export const OWNER_HEADERS: readonly string[] = [
  'x-container-read',
  'x-container-write',
  'x-container-sync-key',
  'x-container-sync-to',
  'x-account-meta-temp-url-key',
  'x-account-meta-temp-url-key-2',
  'x-container-meta-temp-url-key',
  'x-container-meta-temp-url-key-2',
  'x-account-access-control',
]

const TRUE_WORDS: readonly string[] = ['true', '1', 'yes', 'on', 't', 'y']

/** What Swift takes for yes in a header or parameter. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && TRUE_WORDS.includes(value.toLowerCase())
}
