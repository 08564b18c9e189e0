/**
 * Brings one version of an object, or delete marker, to the buckets that it was to go to when it was written. A replica has
 * the time of its source, and so the id of its version: made twice it is one, and whatever the order in which they come, the
 * newest is the current one. When all of it is settled the source says what it came to. Steps:
 *
 *  1. each destination in turn: the replica (`store/versions/dictated-version.ts`), and what changed meanwhile;
 *  2. the fact at the source: completed, or failed where a destination will not have it.
 *
 * Whoever dies on the way leaves a source that is pending, which is found again and done again. What cannot be done now is not
 * settled; a destination that is gone, keeps no versions or does not let it in any more is.
 */
import { isTrueValue } from '#backend/address.ts'
import { EMPTY_BODY, type HeaderMap } from '#http/message.ts'
import type {
  NewVersion,
  PendingVersion,
  Replicated,
  Replicator,
} from '#store/bucket-replication/contract.ts'
import {
  destinationsIn,
  OUTCOME_FACT,
  replicaOf,
  replicationStatusIn,
  sourceIn,
} from '#store/bucket-replication/replication-facts.ts'
import type { BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import {
  type ReplicationConfiguration,
  type ReplicationRule,
  ruleTo,
} from '#store/bucket-settings/replication-rules.ts'
import type { ContainerInfo, Store } from '#store/contract.ts'
import { writeCopy } from '#store/copy/copy-object.ts'
import { openCopySource } from '#store/copy/copy-source.ts'
import { askedEncryptionIn, ENCRYPTED_AT } from '#store/encryption/asked-encryption.ts'
import { STATIC_MARK } from '#store/large-objects/manifest.ts'
import { readStoredManifest } from '#store/large-objects/stored-manifest.ts'
import { S3_ETAG_AT } from '#store/multipart/complete-upload.ts'
import { copyParts } from '#store/multipart/copy-parts.ts'
import type { MultipartOptions } from '#store/multipart/multipart-uploads.ts'
import { UPLOAD_ID_AT } from '#store/multipart/upload-names.ts'
import { changeFacts } from '#store/object-facts/object-facts.ts'
import { tagsIn } from '#store/object-facts/object-tags.ts'
import { lockIn, locksObjects } from '#store/object-lock/lock-facts.ts'
import type { ObjectLocks } from '#store/object-lock/object-locks.ts'
import type { ObjectName, OperationContext } from '#store/operation.ts'
import { ROW_ETAG } from '#store/symlinks/link-metadata.ts'
import { AS_STORED } from '#store/versions/current-object.ts'
import { versionsIn } from '#store/versions/kept-versions.ts'
import { DELETE_MARKER_TYPE, versionNameOf } from '#store/versions/version-names.ts'
import { containerOf } from '#store/versions/written-container.ts'
import type { AccessDeps } from '../../access/ask-access.ts'
import { factsInRow, listedFacts } from '../objects/listed-facts.ts'
import { carryFacts, flagAccessLists } from './carried-facts.ts'
import { carryLock, membersOf } from './carried-locks.ts'
import { hasAccessList, replicaMetadata, replicaType } from './replica-metadata.ts'
import { mayReplicate } from './replication-access.ts'

export interface ReplicatorOptions {
  readonly context: OperationContext
  /** With all features; nothing is remembered of containers for longer than a second. */
  readonly store: Store
  /** The core store, which shows what is stored. */
  readonly core: Store
  readonly settings: BucketSettings
  readonly locks: ObjectLocks
  readonly access: AccessDeps
  /** By which what was uploaded in parts is copied in parts; its store is `store`. */
  readonly multipart: MultipartOptions
  /** Longest body of one replica, or of one of its parts, bytes. */
  readonly limitBytes: number
}

const NOTHING: Replicated = { kind: 'nothing' }
const COMPLETED: Replicated = { kind: 'completed' }
const COMPARED_LATER: Replicated = { kind: 'later', reason: 'what changed could not be compared' }

/** Failures that say that it may be possible another time. */
const PASSING: ReadonlySet<string> = new Set([
  'unavailable',
  'undecided',
  'conflict',
  'no_space',
  'read_only',
  'in_use',
  'client_gone',
  'client_timeout',
])

export class VersionReplicator implements Replicator {
  readonly #options: ReplicatorOptions

  constructor(options: ReplicatorOptions) {
    this.#options = options
  }

  async pending({ place }: NewVersion): Promise<PendingVersion | Replicated> {
    const { core, context } = this.#options
    const read = await core.objects.read(context, place, { ...AS_STORED, method: 'HEAD' })
    if (read.kind === 'no_such_object' || read.kind === 'no_such_container') return NOTHING
    if (read.kind !== 'found') return { kind: 'later', reason: read.kind }
    const { headers } = read
    return replicationStatusIn(headers) === 'pending' ? { kind: 'pending', headers } : NOTHING
  }

  async replicate(version: NewVersion, { headers }: PendingVersion): Promise<Replicated> {
    const { settings, context } = this.#options
    const read = await settings.of(context, version.bucket)
    if (read.kind === 'no_such_container') return NOTHING
    if (read.kind !== 'settings') return { kind: 'later', reason: read.kind }
    let settled = COMPLETED
    for (const bucket of destinationsIn(headers)) {
      const reached = await this.#reach(version, headers, read.documents.replication, bucket)
      if (reached.kind === 'later') return reached
      if (reached.kind === 'failed') settled = reached
    }
    return await this.#settle(version, settled)
  }

  async #settle({ place }: NewVersion, settled: Replicated): Promise<Replicated> {
    const { core, context } = this.#options
    const changed = await changeFacts(core, context, place, { [OUTCOME_FACT]: settled.kind })
    if (changed.kind === 'changed' || changed.kind === 'no_such_object') return settled
    return { kind: 'later', reason: `its status could not be written: ${changed.kind}` }
  }

  async #reach(
    version: NewVersion,
    headers: HeaderMap,
    configured: ReplicationConfiguration | undefined,
    bucket: string,
  ): Promise<Replicated> {
    const isMarker = headers['content-type'] === DELETE_MARKER_TYPE
    const { key } = version
    const { algorithm = '' } = askedEncryptionIn(headers) ?? {}
    const encryption = algorithm.startsWith('aws:kms') ? 'kms' : 'none'
    const object = { key, tags: tagsIn(headers), encryption } as const
    const rule = configured && ruleTo(configured, bucket, object)
    if (configured === undefined || rule === undefined) return failed(`no rule leads to ${bucket} any more`)
    const target = { account: rule.destination.inAccount, container: bucket, object: key }
    const found = await this.#open(version, target)
    if ('kind' in found) return found
    const { context, access } = this.#options
    const allowed = await mayReplicate(access, context, {
      source: version.bucket,
      setBy: configured.setBy,
      target,
      what: isMarker ? 'delete_marker' : 'object',
    })
    if (allowed === 'unavailable') return { kind: 'later', reason: 'nobody can tell whether it is allowed' }
    if (allowed === 'no') return failed(`it may not be written to ${bucket}`)
    if (isMarker) return await this.#mark(version, target)
    const copied = await this.#copy(version, { target, rule, headers, ...found })
    return copied.kind === 'completed' ? await this.#compare(version, target, { rule, ...found }) : copied
  }

  /** The destination, if it takes the version. */
  async #open(
    { bucket, id }: NewVersion,
    target: ObjectName,
  ): Promise<{ readonly info: ContainerInfo } | Replicated> {
    const { store, core, context } = this.#options
    const found = await containerOf(store.containers, context, target)
    if (found.kind === 'unavailable') return { kind: 'later', reason: found.reason }
    if (found.kind === 'missing') return failed(`there is no bucket ${target.container} any more`)
    const versions = versionsIn(found.info.metadata)
    if (versions?.keeping !== 'on') return failed(`${target.container} keeps no versions`)
    const place = versionNameOf(target, versions.container, id)
    const there = await core.objects.read(context, place, { ...AS_STORED, method: 'HEAD' })
    if (there.kind === 'no_such_object' || there.kind === 'no_such_container') return { info: found.info }
    if (there.kind !== 'found') return { kind: 'later', reason: there.kind }
    const source = sourceIn(there.headers)
    const isOurs = source?.account === bucket.account && source.container === bucket.container
    return isOurs ? { info: found.info } : failed(`${target.container} has another version of that id`)
  }

  async #mark({ bucket, id }: NewVersion, target: ObjectName): Promise<Replicated> {
    const { store, context } = this.#options
    const marked = await store.objects.delete(context, target, {
      timestamp: id,
      markerMetadata: replicaOf(bucket),
    })
    return outcomeOf(marked.kind)
  }

  /** What was changed at the source while it was copied is changed at the replica. */
  async #compare(
    { bucket, key, id: versionId }: NewVersion,
    place: ObjectName,
    { rule, info }: Pick<Copying, 'rule' | 'info'>,
  ): Promise<Replicated> {
    const { store, locks, context } = this.#options
    const source = { ...bucket, object: key, versionId }
    const target = { ...place, versionId }
    const carried = await carryFacts(store, context, { source, target, rule })
    if (carried === 'unavailable') return COMPARED_LATER
    if (carried === 'absent' || !locksObjects(info)) return COMPLETED
    const read = await locks.of(store, context, source)
    const members = read.kind === 'lock' ? membersOf(read.lock) : []
    const locked = await carryLock({ store, locks }, context, { source, target, members })
    return locked === 'unavailable' ? COMPARED_LATER : COMPLETED
  }

  async #copy(version: NewVersion, { target, rule, info, headers }: Copying): Promise<Replicated> {
    const { store, context, limitBytes } = this.#options
    const { bucket, key, id } = version
    if (isMadeOfParts(headers)) return await this.#copyInParts(version, { target, rule, info, headers })
    const source = await openCopySource(
      store,
      context,
      { ...bucket, object: key },
      { read: { conditions: {}, versionId: id }, limitBytes },
    )
    if (source.kind === 'no_such_object' || source.kind === 'no_such_container') return COMPLETED
    if (source.kind !== 'source') return outcomeOf(source.kind)
    const metadata = await this.#metadata(version, { target, rule, info, headers: source.headers })
    if ('kind' in metadata) {
      await source.close()
      return metadata
    }
    const { kind } = await writeCopy(store, context, target, {
      source,
      put: {
        contentType: replicaType(source.contentType),
        expectedEtag: undefined,
        cause: 'Copy',
        metadata: metadata.stored,
        limitBytes,
        timestamp: id,
        atEnd: ({ etag }) => factsInRow(metadata.stored, etag),
      },
    })
    return outcomeOf(kind)
  }

  async #copyInParts(version: NewVersion, copying: Copying): Promise<Replicated> {
    const { store, context, multipart, limitBytes } = this.#options
    const { bucket, key, id } = version
    const { target } = copying
    const read = await readStoredManifest(store, context, { ...bucket, object: key }, { versionId: id })
    if (read === undefined) return { kind: 'later', reason: 'its manifest could not be read' }
    const etag = read.headers[S3_ETAG_AT] ?? ''
    const parts = read.segments.filter((one) => one.kind === 'object')
    const metadata = await this.#metadata(version, { ...copying, headers: read.headers })
    if ('kind' in metadata) return metadata
    const { stored } = metadata
    const encrypted = stored[ENCRYPTED_AT]
    const copied = await copyParts(multipart, context, {
      parts,
      sourceAccount: bucket.account,
      target,
      given: encrypted === undefined ? {} : { [ENCRYPTED_AT]: encrypted },
      limitBytes,
    })
    if (copied.kind !== 'copied') return outcomeOf(copied.kind)
    const { uploadId, segments } = copied
    const { kind } = await store.objects.put(context, target, {
      body: EMPTY_BODY,
      contentType: replicaType(read.headers['content-type'] ?? ''),
      expectedEtag: undefined,
      cause: 'Copy',
      metadata: {
        ...stored,
        [S3_ETAG_AT]: etag,
        [UPLOAD_ID_AT]: uploadId,
        [ROW_ETAG]: `; s3_etag=${etag}${listedFacts(stored)}`,
      },
      limitBytes: 0,
      segments,
      timestamp: id,
    })
    return outcomeOf(kind)
  }

  async #metadata(
    { bucket, key, id }: NewVersion,
    { target, rule, info, headers }: Copying,
  ): Promise<{ readonly stored: Readonly<Record<string, string>> } | Replicated> {
    const { store, settings, locks, context } = this.#options
    const { account, container } = target
    const read = await settings.ofKnown(context, { account, container }, info)
    if (read.kind !== 'settings') return outcomeOf(read.kind)
    const named = { ...bucket, object: key, versionId: id }
    const lock = locksObjects(info) ? await locks.ofKnown(context, named, lockIn(headers)) : undefined
    const stored = replicaMetadata({ bucket, source: headers, rule, configured: read.documents, lock })
    if (!hasAccessList(stored)) return { stored }
    const unflagged = await flagAccessLists(store, context, { account, container })
    return unflagged === undefined ? { stored } : outcomeOf(unflagged.kind)
  }
}

interface Copying {
  readonly target: ObjectName
  readonly rule: ReplicationRule
  readonly info: ContainerInfo
  /** Stored with the version. */
  readonly headers: HeaderMap
}

function isMadeOfParts(headers: HeaderMap): boolean {
  return headers[S3_ETAG_AT] !== undefined && isTrueValue(headers[STATIC_MARK])
}

function failed(reason: string): Replicated {
  return { kind: 'failed', reason }
}

function outcomeOf(kind: string): Replicated {
  if (kind === 'created' || kind === 'deleted') return COMPLETED
  return PASSING.has(kind) ? { kind: 'later', reason: kind } : failed(kind)
}
