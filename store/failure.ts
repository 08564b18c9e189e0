/** Why an operation of the store did not do what it was asked: all the ways there are. Nothing of these is an exception. */
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ConditionJudged } from './condition.ts'
import type { ObjectName } from './operation.ts'

export type StoreFailure =
  | { readonly kind: 'no_such_account' }
  /** The account was deleted and is waiting to be emptied (Swift answers 410). */
  | { readonly kind: 'account_deleted' }
  | { readonly kind: 'no_such_container' }
  | { readonly kind: 'no_such_object'; readonly headers: HeaderMap }
  | { readonly kind: 'not_empty' }
  /** Something as new or newer is stored. */
  | { readonly kind: 'conflict'; readonly newest: Timestamp | undefined }
  /** `condition`: how it was judged, of a write; `there`: what was there then, where it is known. */
  | {
      readonly kind: 'precondition_failed'
      readonly headers: HeaderMap
      readonly condition?: ConditionJudged | undefined
      readonly there?: 'found' | 'absent' | undefined
    }
  | { readonly kind: 'range_unsatisfiable'; readonly sizeBytes: number; readonly headers: HeaderMap }
  /** `md5`: of what was sent, in hex, where it is known. */
  | { readonly kind: 'etag_mismatch'; readonly md5?: string | undefined }
  | { readonly kind: 'too_large'; readonly limitBytes: number }
  /** The client went away or sent fewer bytes than it declared. */
  | { readonly kind: 'client_gone' }
  /** The client sent nothing for too long. */
  | { readonly kind: 'client_timeout' }
  | { readonly kind: 'bad_request'; readonly reason: string }
  | { readonly kind: 'no_space' }
  /** There is no room in the quota of the container, of the account, or of the account's containers of one policy. */
  | { readonly kind: 'over_quota'; readonly scope: 'container' | 'account' | 'policy' }
  /** Nothing may be written to it for now. */
  | { readonly kind: 'read_only' }
  /** An image has its bytes in the object; it goes before the object does. */
  | { readonly kind: 'in_use' }
  /** Something that the operation leads to is not for who asked. */
  | { readonly kind: 'denied'; readonly status: 401 | 403 }
  /** A symbolic link that leads nowhere. */
  | {
      readonly kind: 'broken_link'
      readonly problem: LinkProblem
      /** Where the chain broke. */
      readonly location?: ObjectName | undefined
    }
  /** What was to be changed is a link, and the link is what was changed; `stored` is its system metadata. */
  | {
      readonly kind: 'link_changed'
      readonly target: ObjectName
      /** The ETag that a static link asks for. */
      readonly wanted: string | undefined
      readonly stored: HeaderMap
    }
  /** An operation on versions that cannot be. */
  | { readonly kind: 'version_refused'; readonly problem: VersionProblem }
  /** Segments of a large object that is written are not what was said of them; nothing was stored. */
  | { readonly kind: 'segments_refused'; readonly problems: readonly SegmentProblem[] }
  /** Not all segments of a large object could be deleted, so that it was kept: it is the only list of what is left. */
  | { readonly kind: 'segments_kept'; readonly report: SegmentsReport }
  /** What is stored cannot be read here: it is encrypted under keys that are not known. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** It is encrypted with a key that its owner keeps, and none or another was given; or it is not, and one was given. */
  | { readonly kind: 'customer_key'; readonly problem: 'missing' | 'wrong' | 'not_wanted' }
  /** Too few replicas answered, or answered alike, to know or to promise anything. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /**
   * A conditional write that did not come to an end among others, or that may have been made and overwritten: whether it
   * was is not known, and it may be tried again.
   */
  | { readonly kind: 'undecided'; readonly reason: string }

export type LinkProblem =
  | { readonly kind: 'too_many_links'; readonly limit: number }
  /** Two static links of one chain name different ETags. */
  | { readonly kind: 'etags_disagree' }
  /** The target is not (any more) what the static link is fixed to. */
  | { readonly kind: 'other_etag'; readonly found: string; readonly wanted: string }
  /** A static link that is made must have a target. */
  | { readonly kind: 'no_target' }
  | { readonly kind: 'targets_itself' }
  /** Links have no body. */
  | { readonly kind: 'has_body' }
  /** The target is in the cluster's own namespace. */
  | { readonly kind: 'forbidden_target' }

export type VersionProblem =
  | 'container_not_versioned'
  | 'invalid_version_id'
  | 'invalid_marker'
  | 'invalid_delimiter'
  | 'has_body'
  | 'no_such_version'
  /** The hidden container of the versions is gone; enabling versions again makes it anew. */
  | 'no_versions_container'
  /** A container is deleted after all its versions. */
  | 'versions_left'
  /** One container, one way of keeping versions. */
  | 'kept_by_location'
  | 'container_is_synced'
  | 'two_locations'
  | 'location_has_slash'

export interface SegmentProblem {
  readonly path: string
  readonly problem: 'etag_mismatch' | 'size_mismatch' | 'range_unsatisfiable' | 'too_small' | StoreFailure
}

/** What a delete with segments came to; nested manifests count as segments, and the manifest itself counts too. */
export interface SegmentsReport {
  readonly deletedCount: number
  readonly notFoundCount: number
  readonly failures: readonly {
    readonly path: string
    readonly failure: 'not_a_manifest' | StoreFailure
  }[]
}
