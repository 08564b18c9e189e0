/**
 * Objects of the cluster as images, without a copy. A key is `account/container/object` behind the ETag that the object had
 * when it became an image: another object of that name is not the image. The bytes belong to their owner: nothing here
 * writes or removes them. What an object leads to, its segments or the target of a link, is read only in the account that it
 * is in: whoever made the object need not have been let read it elsewhere.
 */
import type { BodyStream } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { ObjectName, OperationContext, Store } from '#store/contract.ts'
import { Refusal } from '../refusal.ts'
import type { BytesRead, ImageStore, StoredBytes } from './image-store.ts'

export const OBJECT_STORE = 'objects'
const SCHEME = 'swift://'

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

  /** The key of an object as it is now; `undefined` when there is none. */
  async keyOf(context: OperationContext, name: ObjectName): Promise<string | undefined> {
    const options = { method: 'HEAD', conditions: {}, newest: true } as const
    const head = await this.#store.objects.read(within(context, name), name, options)
    if (head.kind !== 'found') return undefined
    const etag = (head.headers['etag'] ?? '').replaceAll('"', '')
    return `${etag}/${name.account}/${name.container}/${name.object}`
  }

  async read(context: OperationContext, key: string, range: ByteRange | undefined): Promise<BytesRead> {
    const [etag = '', account = '', container = '', ...rest] = key.split('/')
    const name = { account, container, object: rest.join('/') }
    const conditions = {
      'if-match': `"${etag}"`,
      ...(range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` }),
    }
    const options = { method: 'GET', conditions, newest: false } as const
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
