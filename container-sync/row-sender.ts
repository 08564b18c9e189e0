/**
 * Sends one change of a container to the container it is synced to: an object as it is now, or its deletion. Sending it
 * twice does nothing; what is newer there stays.
 */

import { quotedPath } from '#base/names.ts'
import { STORED_HEADERS } from '#base/stored-headers.ts'
import { parseTimestamp } from '#base/timestamp.ts'
import type { ObjectRow } from '#db/object-row.ts'
import {
  type BodyStream,
  bufferBody,
  type HeaderMap,
  type RequestBody,
  type ResponseBody,
} from '#http/message.ts'
import type { ObjectReadOutcome, Store, StoredLink } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import type { RemoteContainer, Sent } from './remote-container.ts'

export interface RowSender {
  send(name: ContainerName, row: ObjectRow, remote: RemoteContainer): Promise<Sent>
}

/** Headers of an object that a client could have sent with it. */
const SENT_PREFIX = 'x-object-meta-'
const SENT: ReadonlySet<string> = new Set([...STORED_HEADERS, 'content-type'])

const DONE: Sent = { kind: 'done' }

export class StoreRowSender implements RowSender {
  readonly #objects: Pick<Store['objects'], 'read'>
  readonly #context: OperationContext

  /** Links must be read as they are stored, and encrypted objects in the clear. */
  constructor(objects: Pick<Store['objects'], 'read'>, context: OperationContext) {
    this.#objects = objects
    this.#context = context
  }

  async send(name: ContainerName, row: ObjectRow, remote: RemoteContainer): Promise<Sent> {
    if (row.deleted) return await remote.delete(row.name, row.dataTimestamp)
    const there = await remote.state(row.name, row.metaTimestamp)
    if (there.kind === 'failed') return there
    if (there.kind === 'found' && there.timestamp !== undefined && there.timestamp >= row.metaTimestamp)
      return DONE
    return await this.#upload(name, row, remote)
  }

  async #upload(name: ContainerName, row: ObjectRow, remote: RemoteContainer): Promise<Sent> {
    const read = await this.#objects.read(
      this.#context,
      { ...name, object: row.name },
      { method: 'GET', conditions: {}, newest: true, symlink: 'as_stored', manifest: 'as_stored' },
    )
    // It is gone since; its deletion is a change of its own.
    if (read.kind === 'no_such_object') return DONE
    if (read.kind !== 'found') return { kind: 'failed', reason: `the object cannot be read: ${read.kind}` }
    const body = requestBody(read.body, Number(read.headers['content-length'] ?? 0))
    const timestamp = parseTimestamp(read.headers['x-timestamp'] ?? '')
    if (timestamp === undefined || timestamp < row.metaTimestamp) {
      await body.cancel()
      return { kind: 'failed', reason: 'what can be read is older than the listing says' }
    }
    const headers = { ...sentHeaders(read.headers), ...linkHeaders(read.trail?.link), ...etagOf(read) }
    const sent = await remote.put(row.name, timestamp, { headers, body })
    if (sent.kind === 'failed') await body.cancel()
    return sent
  }
}

function sentHeaders(stored: HeaderMap): HeaderMap {
  return Object.fromEntries(
    Object.entries(stored)
      .filter(([name]) => SENT.has(name) || name.startsWith(SENT_PREFIX))
      .map(([name, value]) => [name, name === 'content-type' ? withoutSwiftBytes(value ?? '') : value]),
  )
}

/** The size of a large object is the other cluster's to say. */
function withoutSwiftBytes(contentType: string): string {
  return contentType.replace(/;\s*swift_bytes=\d+\s*$/, '')
}

function etagOf(read: ObjectReadOutcome): HeaderMap {
  const etag = 'headers' in read ? read.headers['etag']?.replaceAll('"', '') : undefined
  return etag === undefined ? {} : { etag }
}

function linkHeaders(link: StoredLink | undefined): HeaderMap {
  if (link === undefined) return {}
  const { account, container, object, etag } = link
  return {
    'x-symlink-target': quotedPath(`${container}/${object}`),
    ...(account === undefined ? {} : { 'x-symlink-target-account': quotedPath(account) }),
    ...(etag === undefined ? {} : { 'x-symlink-target-etag': etag }),
  }
}

function requestBody(body: ResponseBody, lengthBytes: number): RequestBody {
  if (body === undefined || Buffer.isBuffer(body)) return bufferBody(body ?? Buffer.alloc(0))
  const stream: BodyStream = body
  return {
    lengthBytes,
    sendContinue: () => {},
    cancel: () => stream.cancel(),
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
  }
}
