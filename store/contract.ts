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
import type { Logger } from '#base/log.ts'
import type { ResourceName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap, RequestBody, ResponseBody } from '#http/message.ts'

export interface OperationContext {
  /** Travels to every storage server and into every log line (`X-Trans-Id`). */
  readonly txId: string
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal | undefined
  readonly log: Logger
  /**
   * Whether who asked may also read or write something that the operation leads to (a segment, a symlink's target, the
   * source of a copy). Without it the operation is the cluster's own and may.
   */
  readonly permits?:
    | ((action: 'read' | 'write', name: ObjectName | ContainerName) => Promise<Permission>)
    | undefined
}

/** 401 tells someone unknown that a token may help, 403 someone known that theirs does not. */
export type Permission =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly status: 401 | 403 }

export interface AccountName extends ResourceName {
  readonly account: string
  readonly container?: undefined
  readonly object?: undefined
}

export interface ContainerName extends ResourceName {
  readonly account: string
  readonly container: string
  readonly object?: undefined
}

export interface ObjectName extends ResourceName {
  readonly account: string
  readonly container: string
  readonly object: string
}

// ---- failures ----------------------------------------------------------------------------------------------------

export type StoreFailure =
  | { readonly kind: 'no_such_account' }
  /** The account was deleted and is waiting to be emptied (Swift answers 410). */
  | { readonly kind: 'account_deleted' }
  | { readonly kind: 'no_such_container' }
  | { readonly kind: 'no_such_object'; readonly headers: HeaderMap }
  | { readonly kind: 'not_empty' }
  /** Something as new or newer is stored. */
  | { readonly kind: 'conflict'; readonly newest: Timestamp | undefined }
  /** `condition`: how it was judged, of a write. */
  | {
      readonly kind: 'precondition_failed'
      readonly headers: HeaderMap
      readonly condition?: ConditionJudged | undefined
    }
  | { readonly kind: 'range_unsatisfiable'; readonly sizeBytes: number; readonly headers: HeaderMap }
  | { readonly kind: 'etag_mismatch' }
  | { readonly kind: 'too_large'; readonly limitBytes: number }
  /** The client went away or sent fewer bytes than it declared. */
  | { readonly kind: 'client_gone' }
  /** The client sent nothing for too long. */
  | { readonly kind: 'client_timeout' }
  | { readonly kind: 'bad_request'; readonly reason: string }
  | { readonly kind: 'no_space' }
  /** Something that the operation leads to is not for who asked. */
  | { readonly kind: 'denied'; readonly status: 401 | 403 }
  /** Too few replicas answered, or answered alike, to know or to promise anything. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /**
   * A conditional write that did not come to an end among others, or that may have been made and overwritten: whether it
   * was is not known, and it may be tried again.
   */
  | { readonly kind: 'undecided'; readonly reason: string }

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

/** Marker paging of an account's containers or a container's objects; names are decoded. */
export interface ListingQuery {
  readonly prefix?: string | undefined
  readonly delimiter?: string | undefined
  readonly marker?: string | undefined
  readonly endMarker?: string | undefined
  /** Swift's `path`: the direct children of a pseudo-directory. Containers only. */
  readonly path?: string | undefined
  readonly limit: number
  readonly reverse: boolean
}

export interface ListedContainer {
  readonly kind: 'container'
  readonly name: string
  readonly objectCount: number
  readonly bytesUsed: number
  /** Swift's ISO form, `2023-11-14T22:13:20.123450`. */
  readonly lastModified: string
}

export interface ListedObject {
  readonly kind: 'object'
  readonly name: string
  readonly sizeBytes: number
  readonly etag: string
  readonly contentType: string
  readonly lastModified: string
  /** Further members of the row that storage sends (`symlink_path`, …), as in Swift's JSON. */
  readonly extra: Readonly<Record<string, unknown>>
}

export interface ListedSubdir {
  readonly kind: 'subdir'
  readonly prefix: string
}

export interface ListingPage<Entry> {
  /** Swift's JSON form of the page, ready to send. */
  readonly json: Buffer
  /** The same, parsed on demand. */
  readonly entries: () => readonly (Entry | ListedSubdir)[]
  /**
   * `complete`: proven by the digests of a majority to hold every acknowledged write.
   * `eventual`: fewer answered, or a peer cannot give digests.
   */
  readonly consistency: 'complete' | 'eventual'
}

export type AccountRead = {
  readonly kind: 'found'
  readonly info: AccountInfo
  /** Headers as the storage server gave them, counters and metadata included. */
  readonly headers: HeaderMap
  readonly page: ListingPage<ListedContainer> | undefined
}

/** What can be done to an account and to a container alike. */
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
}

// ---- objects -----------------------------------------------------------------------------------------------------

export interface ObjectRead {
  readonly kind: 'found'
  readonly status: 200 | 206
  /** What the storage server sent: metadata, sysmeta, `etag`, `content-length`, `content-range`, `x-timestamp`, `last-modified`. */
  readonly headers: HeaderMap
  readonly body: ResponseBody
}

export interface ObjectReadOptions {
  readonly method: 'GET' | 'HEAD'
  /** `range`, `if-match`, `if-none-match`, `if-modified-since`, `if-unmodified-since`, as the client sent them. */
  readonly conditions: HeaderMap
  /** Ask every replica and give the newest (Swift's `X-Newest`, and every read through the S3 door). */
  readonly newest: boolean
}

/** What must be there for a write to happen. */
export type WriteCondition =
  /** `If-None-Match: *`: nothing. */
  | { readonly kind: 'absent' }
  /** `If-Match`: something with one of these entity tags; `*` among them is any. */
  | {
      readonly kind: 'matches'
      readonly etags: string
      /** System metadata that holds the ETag, where it is not the body's MD5 (`x-object-sysmeta-…`, comma-separated). */
      readonly etagIsAt?: string | undefined
    }

/**
 * How a condition was judged. `agreed`: among concurrent conditional writes exactly one wins, and it is judged on every
 * acknowledged write. `best_effort`: a storage server cannot promise anything (OpenStack Swift's), so that every copy
 * judged by itself; of writes at the same moment several may win, or none.
 */
export type ConditionJudged = 'agreed' | 'best_effort'

export interface ObjectPut {
  readonly body: RequestBody
  readonly contentType: string
  /** MD5 in hex that the client expects; checked before anything becomes visible. */
  readonly expectedEtag: string | undefined
  /** `x-object-meta-…`, sysmeta, `content-encoding`, `content-disposition`, `x-delete-at`, … */
  readonly metadata: HeaderMap
  /** Only if this holds when the object is written. */
  readonly condition?: WriteCondition | undefined
  /** Longest body accepted, bytes. */
  readonly limitBytes: number
  /** The time the client dictates (container sync); otherwise the store takes one. */
  readonly timestamp?: Timestamp | undefined
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
}

export interface ObjectDelete {
  /** The time the client dictates; otherwise the store takes one. */
  readonly timestamp?: Timestamp | undefined
  /** Only if this holds when the object is deleted. */
  readonly condition?: WriteCondition | undefined
}

export interface ObjectDeleteReceipt {
  readonly kind: 'deleted'
  readonly timestamp: Timestamp
  readonly listingPending: boolean
  readonly condition?: ConditionJudged | undefined
}

export interface ObjectPost {
  /** The whole new set of user metadata and removable headers. */
  readonly metadata: HeaderMap
  readonly contentType: string | undefined
}

export interface ObjectOperations {
  read(
    context: OperationContext,
    name: ObjectName,
    options: ObjectReadOptions,
  ): Promise<ObjectRead | { readonly kind: 'not_modified'; readonly headers: HeaderMap } | StoreFailure>
  put(context: OperationContext, name: ObjectName, put: ObjectPut): Promise<ObjectPutReceipt | StoreFailure>
  post(
    context: OperationContext,
    name: ObjectName,
    post: ObjectPost,
  ): Promise<{ readonly kind: 'accepted'; readonly timestamp: Timestamp } | StoreFailure>
  delete(
    context: OperationContext,
    name: ObjectName,
    options: ObjectDelete,
  ): Promise<ObjectDeleteReceipt | StoreFailure>
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
