/**
 * The typed operations on accounts, containers and objects that every door (Swift, S3, images, websites) calls, and
 * every feature layer (large objects, versions, copy, quota, symlink, expiry) wraps.
 *
 * Below this line nobody sees a client's request; above it nobody sees a ring, a replica or a storage server.
 * Expected outcomes are values of closed unions. A promise rejects only for our own bugs.
 *
 * Metadata is a map from lower-case header names as Swift stores them (`x-object-meta-colour`,
 * `x-container-sysmeta-…`, `x-container-read`, `content-encoding`) to values; that keeps what OpenStack Swift wrote
 * readable here and the other way round. In a change, an empty value removes the item.
 */
import type { ResourceName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { ChangePositions, ChangesRead } from '#cluster/container-changes.ts'
import type { HeaderMap, RequestBody, ResponseBody } from '#http/message.ts'
import type { RangeSpec } from '#http/ranges.ts'
import type { ConditionJudged, WriteCondition } from './condition.ts'
import type { SegmentsReport, StoreFailure } from './failure.ts'
import type { ListedContainer, ListedObject, ListingPage, ListingQuery } from './listing.ts'
import type { AccountName, ContainerName, ObjectName, OperationContext } from './operation.ts'

// ---- accounts ----------------------------------------------------------------------------------------------------

export interface AccountInfo {
  readonly containerCount: number
  readonly objectCount: number
  readonly bytesUsed: number
  /** User metadata, sysmeta and the account's other stored headers. */
  readonly metadata: HeaderMap
  /** Nobody has written to it; it comes into being with the first write. */
  readonly state?: 'not_yet_created' | undefined
}

export type AccountRead = {
  readonly kind: 'found'
  readonly info: AccountInfo
  /** Headers as the storage server gave them, counters and metadata included. */
  readonly headers: HeaderMap
  readonly page: ListingPage<ListedContainer> | undefined
}

/**
 * What can be done to an account and to a container alike. In changes of a container, `x-versions-enabled` (`true` or
 * `false`), `x-versions-location` and `x-history-location` (a container's name, or empty to end it) say how versions are
 * kept; in the headers of a read they tell it.
 */
export interface IndexOperations<Name extends ResourceName> {
  /** An account that is missing is created where auto-creation is on. */
  post(
    context: OperationContext,
    name: Name,
    changes: HeaderMap,
  ): Promise<{ readonly kind: 'updated' } | StoreFailure>
  delete(context: OperationContext, name: Name): Promise<{ readonly kind: 'deleted' } | StoreFailure>
}

export interface AccountOperations extends IndexOperations<AccountName> {
  /** From a cache at most 60 s old; an account not yet created reads as empty when auto-creation is on. */
  info(context: OperationContext, name: AccountName): Promise<AccountInfo | undefined>
  /** HEAD without, GET with a listing. */
  read(
    context: OperationContext,
    name: AccountName,
    options: { readonly listing?: ListingQuery },
  ): Promise<AccountRead | StoreFailure>
  put(
    context: OperationContext,
    name: AccountName,
    changes: HeaderMap,
  ): Promise<{ readonly kind: 'created' | 'updated' } | StoreFailure>
}

// ---- containers --------------------------------------------------------------------------------------------------

export interface ContainerInfo {
  readonly objectCount: number
  readonly bytesUsed: number
  readonly policyIndex: number
  /** When the container was last created or deleted; written with every object so that stale beliefs are noticed. */
  readonly statusChangedAt: Timestamp
  readonly readAcl: string | undefined
  readonly writeAcl: string | undefined
  readonly syncKey: string | undefined
  /** User metadata (`x-container-meta-…`), sysmeta and other stored headers. */
  readonly metadata: HeaderMap
  /** OpenStack Swift has split the container's index; our own containers are never split. */
  readonly rows?: 'in_shards' | undefined
}

export type ContainerRead = {
  readonly kind: 'found'
  readonly info: ContainerInfo
  readonly headers: HeaderMap
  readonly page: ListingPage<ListedObject> | undefined
}

export interface ContainerPut {
  readonly changes: HeaderMap
  /** Index of the storage policy the client asked for; `undefined` for the default or what is there. */
  readonly policyIndex: number | undefined
  /** What the account is given when it comes into being by this. */
  readonly accountMetadata?: HeaderMap | undefined
}

export interface ContainerOperations extends IndexOperations<ContainerName> {
  /**
   * From a cache at most 60 s old (a container's absence a tenth of that); reductions of access made through any proxy
   * take effect within a second.
   */
  info(context: OperationContext, name: ContainerName): Promise<ContainerInfo | undefined>
  read(
    context: OperationContext,
    name: ContainerName,
    options: { readonly listing?: ListingQuery; readonly newest?: boolean },
  ): Promise<ContainerRead | StoreFailure>
  /** Creates the account too when it is missing and auto-creation is on. `conflict`: it has another policy. */
  put(
    context: OperationContext,
    name: ContainerName,
    put: ContainerPut,
  ): Promise<{ readonly kind: 'created' | 'updated' } | StoreFailure>
  /**
   * Which objects changed since what an earlier call told, for whoever keeps a view of the container: every write that was
   * acknowledged before the call. Of the core store, not of its layers; a store without it is listed.
   */
  readonly changes?: (
    context: OperationContext,
    name: ContainerName,
    since: ChangePositions | undefined,
  ) => Promise<ChangesRead>
}

// ---- objects -----------------------------------------------------------------------------------------------------

export interface ObjectRead {
  readonly kind: 'found'
  readonly status: 200 | 206
  /** What the storage server sent: metadata, sysmeta, `etag`, `content-length`, `content-range`, `x-timestamp`, `last-modified`. */
  readonly headers: HeaderMap
  readonly body: ResponseBody
}

/** How a read came to what it gives; failures have it, too. Layers pass it on. */
export interface ReadTrail {
  /** The object whose headers and body these are, where links led to another than was asked for. */
  readonly location?: VersionName | undefined
  /** In a container that has versions: of the version that was read; `null` of an object that was put without. */
  readonly versionId?: string | undefined
  /** The version says that the object was deleted. */
  readonly isDeleteMarker?: true | undefined
  /** Of a link that was read as it is stored. */
  readonly link?: StoredLink | undefined
}

export interface VersionName extends ObjectName {
  readonly versionId?: string | undefined
}

export type ObjectReadOutcome = (
  | ObjectRead
  | { readonly kind: 'not_modified'; readonly headers: HeaderMap }
  | StoreFailure
) & { readonly trail?: ReadTrail | undefined }

/** What a symbolic link leads to. */
export interface LinkTarget {
  /** The link's own account when `undefined`. */
  readonly account?: string | undefined
  readonly container: string
  readonly object: string
}

export interface StoredLink extends LinkTarget {
  /** Of a link to a version of an object. */
  readonly versionId?: string | undefined
  /** Of a static link: what the target's ETag must be, and how long it is. */
  readonly etag?: string | undefined
  readonly sizeBytes?: number | undefined
}

export interface ObjectReadOptions {
  readonly method: 'GET' | 'HEAD'
  /** `range`, `if-match`, `if-none-match`, `if-modified-since`, `if-unmodified-since`, as the client sent them. */
  readonly conditions: HeaderMap
  /** Ask every replica and give the newest (Swift's `X-Newest`, and every read through the S3 door). */
  readonly newest: boolean
  /**
   * Never older than an acknowledged write, or `unavailable`; the rules of the store decide without it. `agreed`: the same for
   * what is only ever written on a condition, whose absence a majority can tell without waiting for the others.
   */
  readonly certainty?: 'confirmed' | 'agreed' | undefined
  /** This version instead of the current one; `null` is the current one if it was put without a version. */
  readonly versionId?: string | undefined
  /** `null` is also what was put without a version and is kept among the versions since (S3). */
  readonly nullVersion?: 'kept_too' | undefined
  /** The key that its owner keeps of what is encrypted with it; 32 bytes. */
  readonly customerKey?: Buffer | undefined
  /** A HEAD for what is kept beside the body, which is told without that key. */
  readonly keyless?: 'allowed' | undefined
  /** The link itself, instead of what it leads to. */
  readonly symlink?: 'as_stored' | undefined
  /** The manifest of a large object itself, instead of what it stands for. */
  readonly manifest?: 'as_stored' | undefined
  /** Stored headers that hold the ETag which conditions are about, comma-separated: the first that the object has. */
  readonly etagIsAt?: string | undefined
  /** Stored headers, comma-separated: an object that has one of them is given whole, whatever range was asked for. */
  readonly wholeWith?: string | undefined
}

export interface ObjectPut {
  readonly body: RequestBody
  readonly contentType: string
  /** MD5 in hex that the client expects; checked before anything becomes visible. */
  readonly expectedEtag: string | undefined
  /** `x-object-meta-…`, sysmeta, `content-encoding`, `content-disposition`, `x-delete-at`, … */
  readonly metadata: HeaderMap
  /** Only if this holds when the object is written. */
  readonly condition?: WriteCondition | undefined
  /** What becomes of a condition that storage servers cannot agree on: judged by best effort, unless that is `refused`. */
  readonly bestEffort?: 'refused' | undefined
  /** Longest body accepted, bytes. */
  readonly limitBytes: number
  /** The time the client dictates (container sync); otherwise the store takes one. */
  readonly timestamp?: Timestamp | undefined
  /**
   * What else is stored, known only when the body was read: asked after its last byte, before anything becomes visible.
   * `etag_mismatch`: it is not the body that was expected, and nothing is stored.
   */
  readonly atEnd?: ((body: BodyRead) => HeaderMap | 'etag_mismatch') | undefined
  /** Encrypted with a key that its owner keeps, 32 bytes. */
  readonly customerKey?: Buffer | undefined
  /** How it comes about, where that is not an upload: told in events. */
  readonly cause?: 'Copy' | 'Post' | 'CompleteMultipartUpload' | undefined
  /** Makes a symbolic link; the body must be empty. */
  readonly link?: LinkPut | undefined
  /** Makes this version the current one; the body must be empty. */
  readonly versionId?: string | undefined
  /**
   * Where versions are suspended, what is put is the null version and takes the place of the one before, as S3 has it;
   * without it, what was once kept stays (Swift).
   */
  readonly nullVersion?: 'replaced' | undefined
  /**
   * Makes a static large object of these segments, all of the object's account. `body` is then what the client sent
   * (quotas count it); stored is the manifest, and ETags, expected and received, are those of the joined segments.
   */
  readonly segments?: readonly SegmentWanted[] | undefined
}

/** What is known of a body when its last byte was read. */
export interface BodyRead {
  /** MD5 in hex. */
  readonly etag: string
}

export interface LinkPut {
  readonly target: LinkTarget
  /** Makes a static link: only while the target has this ETag, which is checked now and at every read. */
  readonly etag?: string | undefined
  /** `as_target`: a static link's content type is that of its target, not the one in the put. */
  readonly contentType: 'given' | 'as_target'
}

/** A segment as whoever makes a large object describes it; it is held against what is stored. */
export type SegmentWanted =
  | {
      readonly kind: 'object'
      /** `/container/object`, decoded. */
      readonly path: string
      readonly etag: string | undefined
      /** Of the whole object, also where only a range of it is used. */
      readonly sizeBytes: number | undefined
      readonly range: RangeSpec | undefined
    }
  | { readonly kind: 'inline'; readonly bytes: Buffer }
  /** Whoever describes it has looked already: it is taken as it is said to be. */
  | {
      readonly kind: 'known'
      /** `/container/object`, decoded. */
      readonly path: string
      readonly etag: string
      readonly sizeBytes: number
      readonly contentType: string
      /** Swift's ISO form. */
      readonly lastModified: string
    }

export interface ObjectPutReceipt {
  readonly kind: 'created'
  readonly etag: string
  readonly sizeBytes: number
  readonly timestamp: Timestamp
  /** A majority of container replicas did not have the row in time: listings may lag (`X-Listing-Pending: true`). */
  readonly listingPending: boolean
  /** Of a write with a condition. */
  readonly condition?: ConditionJudged | undefined
  /** Of a container that keeps versions. */
  readonly versionId?: string | undefined
}

export interface ObjectDelete {
  /** The time the client dictates; otherwise the store takes one. */
  readonly timestamp?: Timestamp | undefined
  /** Only if this holds when the object is deleted. */
  readonly condition?: WriteCondition | undefined
  /** As of a put. */
  readonly bestEffort?: 'refused' | undefined
  /** Deletes this version for good, instead of marking the object as deleted. */
  readonly versionId?: string | undefined
  /** A version that is the current one, or newer than that, is not deleted: `precondition_failed`. */
  readonly currentVersion?: 'refused' | undefined
  /** As for a put; what is deleted where versions are suspended leaves a marker. */
  readonly nullVersion?: 'replaced' | undefined
  /** When the current version is deleted, the newest that is left becomes it (S3), instead of none (Swift). */
  readonly successor?: 'newest' | undefined
  /** A retention in governance mode does not keep who asks from deleting a locked version (`object-lock/`). */
  readonly governance?: 'bypassed' | undefined
  /** What is stored with the delete marker that it leaves. */
  readonly markerMetadata?: HeaderMap | undefined
  /** The segments of a static large object are deleted with it: before it, or soon after by the expirer. */
  readonly segments?: 'now' | 'later' | undefined
}

/** What a delete says of versions, also when there was nothing to delete. */
export interface VersionsOfDelete {
  /** The version that was deleted, or that says that the object was. */
  readonly versionId?: string | undefined
  /** What was deleted, or was made, says that the object was deleted. */
  readonly isDeleteMarker?: true | undefined
  /** Of a delete of one version: which is the current one now; `null` when none is. */
  readonly currentVersionId?: string | undefined
}

export interface ObjectDeleteReceipt {
  readonly kind: 'deleted'
  readonly timestamp: Timestamp
  readonly listingPending: boolean
  readonly condition?: ConditionJudged | undefined
  /** Of a delete with segments. */
  readonly report?: SegmentsReport | undefined
}

export type ObjectDeleteOutcome = (ObjectDeleteReceipt | StoreFailure) & VersionsOfDelete

export interface ObjectPost {
  /** The whole new set of user metadata and removable headers. */
  readonly metadata: HeaderMap
  readonly contentType: string | undefined
  /** Changes this version instead of the current one. */
  readonly versionId?: string | undefined
  /** As for a read. */
  readonly nullVersion?: 'kept_too' | undefined
  /**
   * What of it is a change; the rest is what stands there, for storage servers that only replace everything. `metadata`: all
   * but facts (`object-facts/`); a list: the facts that it names, which changes nothing else, the time of change included.
   */
  readonly fields?: 'metadata' | readonly string[] | undefined
}

export interface ObjectPostReceipt {
  readonly kind: 'accepted'
  readonly timestamp: Timestamp
  /** The system metadata that stands now, as a storage server told it. */
  readonly stored?: HeaderMap | undefined
}

export interface ObjectOperations {
  read(context: OperationContext, name: ObjectName, options: ObjectReadOptions): Promise<ObjectReadOutcome>
  put(context: OperationContext, name: ObjectName, put: ObjectPut): Promise<ObjectPutReceipt | StoreFailure>
  post(
    context: OperationContext,
    name: ObjectName,
    post: ObjectPost,
  ): Promise<ObjectPostReceipt | StoreFailure>
  delete(context: OperationContext, name: ObjectName, options: ObjectDelete): Promise<ObjectDeleteOutcome>
}

export interface Store {
  readonly accounts: AccountOperations
  readonly containers: ContainerOperations
  readonly objects: ObjectOperations
}

/** A feature: a store around a store (`features.ts` is the one list of them). */
export type StoreLayer = (inner: Store) => Store

/** What the storage servers of the cluster, as far as they were heard, let the store promise. */
export interface Guarantees {
  /** `eventual`: some container server cannot prove that a listing is complete. */
  readonly listings: 'complete' | 'eventual'
  /** Of the weakest object servers. */
  readonly conditionalWrites: ConditionJudged
}
