/**
 * Our extensions of Swift's backend dialect: header names and values that both sides share. A server says what it can in
 * `CAPABILITIES_HEADER` of every answer; a peer that does not say so is spoken to in Swift's dialect alone.
 */
export const CAPABILITIES_HEADER = 'x-backend-martlet-capabilities'
/** `synced` or `joining`: may this replica's silence, digest and promise be counted (`replica-state.ts`)? */
export const REPLICA_STATE_HEADER = 'x-backend-martlet-replica-state'

/** Request: `true` asks for the container's digest. Answer: the digest, 32 hex digits. */
export const DIGEST_HEADER = 'x-backend-martlet-digest'
/**
 * Request to a container GET or HEAD: `true` asks for the digest of the rows between `marker` and `end_marker` (or of the
 * page listed), deleted rows included. Answer: the digest, 32 hex digits.
 */
export const RANGE_DIGEST_HEADER = 'x-backend-martlet-range-digest'
/** Request to a container GET: `true` lists rows as they are stored, deleted ones too, as JSON that UPDATE takes back. */
export const ROWS_HEADER = 'x-backend-martlet-rows'
/** Request to write a row: what the proxy believes; the answer says in the same header what is so, when it differs. */
export const STATUS_CHANGED_AT_HEADER = 'x-backend-martlet-status-changed-at'
/** Answer to a row write: `applied`. */
export const ROW_HEADER = 'x-backend-martlet-row'
/** An UPDATE whose path is only `/<device>`: rows of many containers in one request. */
export const BATCH_UPDATE_HEADER = 'x-backend-martlet-batch-update'

export type Capability = 'digest' | 'range-digest' | 'rows' | 'batch-update' | 'replica-state'

/** `digest,rows` as a set; empty for a peer that says nothing. */
export function parseCapabilities(header: string | undefined): ReadonlySet<string> {
  return new Set(
    (header ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
}
