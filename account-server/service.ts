/** What the verbs of an account server work with: one device and its index. */
import type { Drive } from '#backend/drive-state.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { ContainerRow } from '#db/container-row.ts'
import type { Index } from '#db/contract.ts'
import type { PageCache } from '#db/page-cache.ts'
import type { ReportStamps } from './report-stamps.ts'

export interface AccountService {
  readonly clock: Clock
  readonly log: Logger
  readonly drive: Drive
  readonly index: Index<ContainerRow>
  readonly policies: StoragePolicies
  readonly pages: PageCache
  readonly stamps: ReportStamps
}
