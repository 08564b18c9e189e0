/**
 * Names of our extensions of the backend dialect, as the side that asks uses them. The side that answers has them in
 * `backend/extensions.ts`, which this room must not import; `test/cluster/` holds that both agree.
 */

/** Of a replica: `synced` or `joining`; the silence of a joining one proves nothing. */
export const REPLICA_STATE_HEADER = 'x-backend-martlet-replica-state'
/** With a 404: this replica had the object and lost it. */
export const QUARANTINED_HEADER = 'x-backend-quarantined'
/** What a server can: names, comma-separated. */
export const CAPABILITIES_HEADER = 'x-backend-martlet-capabilities'
/** Request, HEAD of an object: `true` asks only which version is there. Other servers answer the whole HEAD. */
/**
 * Answer to a read of an object that has expired: `true`. It is absent, but nobody has deleted it: a replica that heard of
 * a later expiry is not outdated by this one, whatever time the answer names.
 */
export const EXPIRED_HEADER = 'x-backend-martlet-expired'
export const INDEX_ONLY_HEADER = 'x-backend-martlet-index-only'
/** Request and answer: digest of a container's live rows. */
export const DIGEST_HEADER = 'x-backend-martlet-digest'
/**
 * Request to an object PUT: `footer` promises the CRCs of the body's blocks after it, so that the server need not compute
 * an MD5. The footer of the same name has them, eight hex digits each.
 */
export const BLOCK_CRCS_HEADER = 'x-backend-martlet-block-crcs'
/** Answer to an object write: the container servers (`host:port/device`, comma-separated) that have the row by now. */
export const ROWS_APPLIED_HEADER = 'x-backend-container-update-applied'
/** Those that will get it from the object server's queue. */
export const ROWS_QUEUED_HEADER = 'x-backend-container-update-queued'
/** Request to write an object or a row, and the answer of a container that is not what was believed. */
export const STATUS_CHANGED_AT_HEADER = 'x-backend-martlet-status-changed-at'
/** Request: rows as they are stored. */
export const ROWS_HEADER = 'x-backend-martlet-rows'
/**
 * Conditional writes (`docs/decisions/0005-conditional-writes.md`). Request PROMISE: the ballot that asks to be promised,
 * none to be only told. Answer: the latest ballot that was promised.
 */
export const BALLOT_HEADER = 'x-backend-martlet-ballot'
/** Answer to PROMISE: the candidate that was accepted and is not visible, and the one that became visible last. */
export const ACCEPTED_HEADER = 'x-backend-martlet-accepted'
export const COMMITTED_HEADER = 'x-backend-martlet-committed'
/** Answer to PROMISE: `found`, `absent`, or `unknown` where the replica lost what it had. */
export const STATE_HEADER = 'x-backend-martlet-state'
/** Request PUT (with the body), ACCEPT and COMMIT: ballot, candidate, kind and base (`base/ballot.ts`). */
export const PROPOSAL_HEADER = 'x-backend-martlet-proposal'
/** Request PUT and ACCEPT: `true` when somebody else finishes what may have been chosen. */
export const CARRIED_HEADER = 'x-backend-martlet-carried'
/** Answer to PUT and ACCEPT: `yes`, `no`, or `silent` for a no that denies nothing; `body` when only that is missing. */
export const VOTE_HEADER = 'x-backend-martlet-vote'
/** Request GET: the body of this candidate, with all that must be stored with it. */
export const CANDIDATE_HEADER = 'x-backend-martlet-candidate'
/** What an object server can that takes part in conditional writes, and a container server that gives digests. */
export const DIGEST_CAPABILITY = 'digest'
export const PROMISES_CAPABILITY = 'promises'
