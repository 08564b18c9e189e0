/**
 * Objects of the cluster as images, without a copy. A key is `account/container/object` behind the ETag (and the version) that
 * the object had when it became an image: another object of that name is not the image. The bytes belong to their owner: nothing here
 * writes or removes them. What an object leads to, its segments or the target of a link, is read only in the account that it
 * is in: whoever made the object need not have been let read it elsewhere.
 */
import type { BodyStream } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { Store, VersionName } from '#store/contract.ts'
import { JOINED_HEADER } from '#store/large-objects/joined-answer.ts'
import { segmentName } from '#store/large-objects/pieces.ts'
import { readStoredManifest } from '#store/large-objects/stored-manifest.ts'
import type { ObjectName, OperationContext } from '#store/operation.ts'
import { RESERVED } from '#store/versions/version-names.ts'
import { badRequest, Refusal } from '../refusal.ts'
import type { BytesRead, ImageStore, StoredBytes } from './image-store.ts'

export const OBJECT_STORE = 'objects'
const SCHEME = 'swift://'

export interface FoundObject {
  /** Of the object, bound to what it is now. */
  readonly key: string
  /** The object itself, and what its bytes are in. */
  readonly parts: readonly VersionName[]
}

/** As many as a static large object can have by OpenStack Swift's limits, nested twice. */
const PARTS_MAX = 10_000

export class ObjectStore implements ImageStore {
  readonly id = OBJECT_STORE
  readonly description = 'Objects of the cluster that are images'
  readonly type = 'swift'
  readonly access = 'read_only'
  readonly properties = {}
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  write(): Promise<StoredBytes | Refusal> {
    return Promise.resolve(new Refusal(410, `Store '${this.id}' takes no data.`))
  }

  /**
   * The object as it is now, and everything that its bytes are in. 400 where there is none, or where it cannot be relied on: it
   * expires, or is what the names in a listing make it.
   */
  async find(context: OperationContext, asked: ObjectName): Promise<FoundObject | Refusal> {
    const own = within(context, asked)
    const options = { method: 'HEAD', conditions: {}, newest: true } as const
    const head = await this.#store.objects.read(own, asked, options)
    if (head.kind !== 'found') return badRequest('There is no such object.')
    const { headers, trail } = head
    const name: VersionName = { ...(trail?.location ?? asked), versionId: trail?.versionId }
    if (headers['x-delete-at'] !== undefined) return badRequest('The object will expire.')
    if (headers[JOINED_HEADER] === 'dynamic') {
      return badRequest('The object is whatever begins with a name (dynamic); make it a static large object.')
    }
    if (name.container.startsWith(RESERVED)) return badRequest('Name the object itself, not a link to it.')
    const parts = await this.#partsOf(own, name)
    if (parts instanceof Refusal) return parts
    const etag = (headers['etag'] ?? '').replaceAll('"', '')
    const version = name.versionId === undefined ? '' : `@${name.versionId}`
    const key = `${etag}${version}/${name.account}/${name.container}/${name.object}`
    return { key, parts: [name, ...parts] }
  }

  /** Segments, and those of segments; parts of multipart uploads are such, too. */
  async #partsOf(
    context: OperationContext,
    name: VersionName,
    found: VersionName[] = [],
  ): Promise<readonly VersionName[] | Refusal> {
    const manifest = await readStoredManifest(this.#store, context, name, { versionId: name.versionId })
    for (const segment of manifest?.segments ?? []) {
      if (segment.kind === 'inline') continue
      const part = segmentName(name.account, segment.path)
      if (found.length === PARTS_MAX) return badRequest(`The object has more than ${PARTS_MAX} segments.`)
      found.push(part)
      const nested = segment.isManifest ? await this.#partsOf(context, part, found) : undefined
      if (nested instanceof Refusal) return nested
    }
    return found
  }

  async read(context: OperationContext, key: string, range: ByteRange | undefined): Promise<BytesRead> {
    const [bound = '', account = '', container = '', ...rest] = key.split('/')
    const [etag = '', versionId] = bound.split('@')
    const name = { account, container, object: rest.join('/') }
    const conditions = {
      'if-match': `"${etag}"`,
      ...(range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` }),
    }
    const version = versionId === undefined ? {} : ({ versionId, nullVersion: 'kept_too' } as const)
    const options = { method: 'GET', conditions, newest: false, ...version } as const
    const read = await this.#store.objects.read(within(context, name), name, options)
    if (read.kind === 'found') {
      return { kind: 'found', sizeBytes: wholeSize(read.headers), body: asStream(read.body) }
    }
    const isGone = ['no_such_object', 'no_such_container', 'no_such_account', 'precondition_failed'].includes(
      read.kind,
    )
    return isGone ? { kind: 'absent' } : { kind: 'unavailable', reason: read.kind }
  }

  remove(): Promise<boolean> {
    return Promise.resolve(true)
  }
}

/** The same operation, which leads to nothing in other accounts. */
function within(context: OperationContext, { account }: ObjectName): OperationContext {
  const { txId, signal, log } = context
  return {
    txId,
    signal,
    log,
    permits: (list, name) =>
      Promise.resolve(
        list === 'read' && name.account === account ? { kind: 'allowed' } : { kind: 'denied', status: 403 },
      ),
  }
}

/** `swift://AUTH_test/container/object`, each part percent-encoded; `undefined` when it is none. */
export function objectOfUrl(url: string): ObjectName | undefined {
  if (!url.startsWith(SCHEME)) return undefined
  const [account = '', container = '', ...rest] = url.slice(SCHEME.length).split('/')
  try {
    const [decodedAccount = '', decodedContainer = '', object = ''] = [
      account,
      container,
      rest.join('/'),
    ].map(decodeURIComponent)
    const isWhole = decodedAccount !== '' && decodedContainer !== '' && object !== ''
    return isWhole ? { account: decodedAccount, container: decodedContainer, object } : undefined
  } catch {
    return undefined
  }
}

/** The address that `objectOfUrl` reads. */
export function urlOfObject({ account, container, object }: ObjectName): string {
  const path = object.split('/').map(encodeURIComponent).join('/')
  return `${SCHEME}${encodeURIComponent(account)}/${encodeURIComponent(container)}/${path}`
}

function wholeSize(headers: Readonly<Record<string, string | undefined>>): number {
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1]
  return Number(total ?? headers['content-length'] ?? 0)
}

function asStream(body: Buffer | BodyStream | undefined): BodyStream {
  if (body !== undefined && !Buffer.isBuffer(body)) return body
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      if (body !== undefined && body.length > 0) yield body
    },
  }
}
