/**
 * Our extensions of Swift's backend dialect: header names and values that the side that asks and the side that answers
 * share. A server says what it can in
 * `CAPABILITIES_HEADER` of every answer; a peer that does not say so is spoken to in Swift's dialect alone.
 */
export const CAPABILITIES_HEADER = 'x-backend-martlet-capabilities'
/** `synced` or `joining`: may this replica's silence, digest and promise be counted (`backend/replica-state.ts`)? */
export const REPLICA_STATE_HEADER = 'x-backend-martlet-replica-state'

/** Answer to a read of an object, with 404: this replica had it and lost it. */
export const QUARANTINED_HEADER = 'x-backend-quarantined'

/**
 * Request to a container GET or HEAD: `true` asks for the digests of all rows of a storage policy (the container's, or the
 * one that the request names). Answers, 32 hex digits each: that of the live rows in this header, that of the deleted
 * ones in the next. Replicas whose live rows agree list the same.
 */
export const DIGEST_HEADER = 'x-backend-martlet-digest'
export const TOMBSTONE_DIGEST_HEADER = 'x-backend-martlet-tombstone-digest'
/** The same of the rows between `marker` and `end_marker` (both left out) that begin with `prefix`. */
export const RANGE_DIGEST_HEADER = 'x-backend-martlet-range-digest'
export const RANGE_TOMBSTONE_DIGEST_HEADER = 'x-backend-martlet-range-tombstone-digest'
/** Request to a container GET: `true` lists rows as they are stored, deleted ones too, as JSON that UPDATE takes back. */
export const ROWS_HEADER = 'x-backend-martlet-rows'
/**
 * Request to a container GET: which rows changed since an earlier answer to the same question. The value is the `position`
 * of that answer, or `now` to begin. Answer: JSON, `{"position", "changes": [{"name", "etag", "deleted"}]}`; without
 * `changes` where it cannot be told what changed since: the replica is another one, or too much did.
 */
export const CHANGES_SINCE_HEADER = 'x-backend-martlet-changes-since'
export const CHANGES_SINCE_NOW = 'now'
/** Changes of one answer at most. */
export const CHANGES_MAX = 1000
/**
 * Request to write a row: when the container's status changed last, as the proxy believes. When that or the policy index is
 * not so, the answer says in the same header, and in `X-Backend-Storage-Policy-Index`, what is.
 */
export const STATUS_CHANGED_AT_HEADER = 'x-backend-martlet-status-changed-at'
/** Answer to a row write: `applied`, or `misplaced` (applied too) when the container is not what the writer believed. */
export const ROW_HEADER = 'x-backend-martlet-row'
/** An UPDATE whose path is only `/<device>`: rows of many containers in one request. */
export const BATCH_UPDATE_HEADER = 'x-backend-martlet-batch-update'

/**
 * Begins the names of facts about an object that change while its data stay: tags, access lists. Each is a field of its own
 * (`object-server/meta-record.ts`).
 */
export const FACT_PREFIX = 'x-object-transient-sysmeta-s3-'
/**
 * Request POST: which fields it changes; what else it carries is what stood there, for servers that replace everything.
 * `metadata`, or names of facts separated by commas; without it all that the request has is changed.
 */
export const POSTED_FIELDS_HEADER = 'x-backend-martlet-posted-fields'
/**
 * Answer to a read of an object that POSTs have changed: when each field was, as `name=time` separated by semicolons;
 * `posted` are the user metadata, `type` the content type.
 */
export const CHANGES_HEADER = 'x-backend-martlet-changes'

/**
 * Answer to a read of an object that has expired: `true`. It is absent, but nobody has deleted it: a replica that heard of
 * a later expiry is not outdated by this one, whatever time the answer names.
 */
export const EXPIRED_HEADER = 'x-backend-martlet-expired'
/** Request to an object HEAD: `true` asks only for the version, from the index; the file is not touched. */
export const INDEX_ONLY_HEADER = 'x-backend-martlet-index-only'
/**
 * Several such HEADs for one device in one request: path `/<device>`, body a JSON list of `[path, policy index]`, each path
 * as the HEAD would have it. Answer: a JSON list of `[status, headers]` in the same order, of the headers those that say
 * which version is there and how much the replica's word counts.
 */
export const PROBES_METHOD = 'PROBES'
/**
 * Query of such a request: in the place of `[status, headers]` the answer may have the time of the data alone, of an object that is there,
 * was changed by no POST since, and whose replica is synced. A server that does not know it answers as without it.
 */
export const SHORT_PROBES_QUERY = 'short=1'
/** Of one request at most. */
export const PROBES_MAX = 256
/** The headers that the answer to each has. */
export const PROBE_ANSWER_HEADERS: readonly string[] = [
  'x-backend-data-timestamp',
  'x-backend-timestamp',
  CHANGES_HEADER,
  REPLICA_STATE_HEADER,
  QUARANTINED_HEADER,
  EXPIRED_HEADER,
]
/**
 * Small requests without a body for one device, in one: path `/<device>`, body a JSON object: `requests`, a list of
 * `[method, path, headers]`, HEAD or DELETE, each as it would be sent alone; `wanted`, the names of headers that the sender
 * wants to have of the answers. Answer: a JSON list of `[status, headers]` in the same order.
 */
export const BATCH_METHOD = 'BATCH'
/** Of one request at most: what one device does while a peer waits for its answer. */
export const BATCH_MAX = 128
/**
 * Answer to an object PUT, POST or DELETE that had container servers to tell: `applied` when all of them have the row,
 * else `queued`. Which of them have it, and count because they are synced, and which will get it, as `host:port/device`
 * separated by commas, is in the two headers after it.
 */
export const CONTAINER_UPDATE_HEADER = 'x-backend-container-update'
export const CONTAINER_UPDATE_APPLIED_HEADER = 'x-backend-container-update-applied'
export const CONTAINER_UPDATE_QUEUED_HEADER = 'x-backend-container-update-queued'
/**
 * Request to an object PUT: `footer` promises the block CRCs after the body, so that the object server need not compute
 * the MD5. The footer of the same name has them: CRC-32 of each MiB, eight hex digits each.
 */
export const BLOCK_CRCS_HEADER = 'x-backend-martlet-block-crcs'

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
/** Request PUT and ACCEPT of a candidate that others have, to finish it: is it `certain` that it was chosen, or `possible`? */
export const CARRIED_HEADER = 'x-backend-martlet-carried'
/** Request COMMIT: `true` when not all primaries are known to have the candidate: whoever makes it visible sees to the rest. */
export const INCOMPLETE_HEADER = 'x-backend-martlet-incomplete'
/** Request PUT of a container at an account server: when the figures were told. */
export const REPORT_SENT_HEADER = 'x-backend-martlet-report-sent'
/** Answer to PUT and ACCEPT: `yes`, `no`, or `silent` for a no that denies nothing; `body` when only that is missing. */
export const VOTE_HEADER = 'x-backend-martlet-vote'
/** Request GET: the body of this candidate, with all that must be stored with it. */
export const CANDIDATE_HEADER = 'x-backend-martlet-candidate'

/**
 * Read leases (`docs/decisions/0021-read-leases.md`). Request GET and HEAD: the name of the replica that is asked and those of
 * the other primaries, `host:port/device` as the ring has them, separated by blanks. Answer: the one of them by whose lease
 * what is read is not older than any acknowledged write.
 */
export const LEASE_NAMES_HEADER = 'x-backend-martlet-lease-names'
export const LEASED_BY_HEADER = 'x-backend-martlet-leased-by'
/**
 * Answer to a PUT, POST, DELETE or COMMIT: who may read by a lease without knowing of it, and for how many milliseconds yet:
 * `name=ms` separated by blanks. `ANY_HOLDER` stands for everybody.
 */
export const READ_LEASES_HEADER = 'x-backend-martlet-read-leases'
export const ANY_HOLDER = '*'

/** Of a container server that gives digests, and of an object server that takes part in conditional writes. */
export const DIGEST_CAPABILITY = 'digest'
export const PROMISES_CAPABILITY = 'promises'
/** Of an object server that takes many small requests in one. */
export const BATCHES_CAPABILITY = 'batches'

export type Capability =
  | typeof DIGEST_CAPABILITY
  | 'range-digest'
  | 'rows'
  /** `CHANGES_SINCE_HEADER`. */
  | 'changes-since'
  | 'batch-update'
  | 'replica-state'
  | 'container-update-status'
  | 'index-probe'
  | 'block-crcs'
  | typeof PROMISES_CAPABILITY
  /** The method `PROBES` of object servers (`PROBES_METHOD`). */
  | 'probes'
  /** The method `BATCH` of object servers (`BATCH_METHOD`). */
  | typeof BATCHES_CAPABILITY
  /** The method `SYNC` of object servers (`object-server/replication/messages.ts`). */
  | 'sync'

/** `digest,rows` as a set; empty for a peer that says nothing. */
export function parseCapabilities(header: string | undefined): ReadonlySet<string> {
  return new Set(
    (header ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
}
