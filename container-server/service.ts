/** What the verbs of a container server work with: one device and its index, and the accounts to be told. */

import type { Drive } from '#backend/drive-state.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { SyncLedger } from '#backend/sync-ledger.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Index } from '#db/contract.ts'
import type { DatabaseName } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import type { PageCache } from '#db/page-cache.ts'
import type { AccountUpdates } from './account-updates.ts'

export interface ContainerService {
  readonly clock: Clock
  readonly log: Logger
  readonly drive: Drive
  readonly index: Index<ObjectRow>
  readonly policies: StoragePolicies
  readonly pages: PageCache
  readonly accounts: AccountUpdates
  /** May this replica of the container vote: do its listings count? */
  readonly mayVote: (name: DatabaseName) => boolean
  /** What this device knows of its syncs with the other replicas. */
  readonly ledger: SyncLedger
  /** Hash of a container's name, 32 hex digits. */
  readonly hashOf: (name: DatabaseName) => string
}
