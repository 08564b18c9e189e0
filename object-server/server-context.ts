/** What the verbs of one device's object server share. */

import type { StoragePolicies } from '#backend/policies.ts'
import type { Clock, Random } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { STORED_HEADERS } from '#base/stored-headers.ts'
import type { ObjectDevice } from './device.ts'
import type { ExpirerQueue } from './expirer-queue.ts'
import type { ObjectRepairs } from './replication/repairs.ts'
import type { RowDelivery } from './row-delivery.ts'

export interface ObjectServerContext {
  readonly device: ObjectDevice
  readonly policies: StoragePolicies
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly rows: RowDelivery
  readonly expirerQueue: ExpirerQueue
  /** Told of what has fewer copies than it should. */
  readonly repairs: ObjectRepairs
  /** Headers besides metadata that are stored and given back, lower-case. */
  readonly allowedHeaders: ReadonlySet<string>
}

/** OpenStack Swift `[app:object-server] allowed_headers`; `X-Static-Large-Object` is never taken away by a POST. */
export const DEFAULT_ALLOWED_HEADERS: ReadonlySet<string> = new Set(STORED_HEADERS)
