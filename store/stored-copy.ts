/** A stored object as the upload that would make the same one: for layers that keep or bring back what is there. */
import { STORED_HEADERS } from '#base/stored-headers.ts'
import { unquoted } from '#http/conditionals.ts'
import { bufferBody, EMPTY_BODY, type HeaderMap, type RequestBody, type ResponseBody } from '#http/message.ts'
import type { ObjectPut, ObjectRead } from './contract.ts'

/** What of a read's headers belongs to the object, and not to the answer (Swift object server, `allowed_headers`). */
const STORED: ReadonlySet<string> = new Set(STORED_HEADERS)
const STORED_PREFIXES = ['x-object-meta-', 'x-object-sysmeta-', 'x-object-transient-sysmeta-'] as const

/** Metadata and system metadata of an object, as an upload takes them. */
export function storedMetadata(headers: HeaderMap): Record<string, string> {
  const stored: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const isStored = STORED.has(name) || STORED_PREFIXES.some((prefix) => name.startsWith(prefix))
    if (isStored && value !== undefined) stored[name] = value
  }
  return stored
}

/** The upload that makes a copy of what was read whole, down to the last byte. */
export function copyOf({ headers, body }: ObjectRead): ObjectPut {
  const sizeBytes = Number(headers['content-length'] ?? 0)
  const etag = headers['etag']
  return {
    body: requestBodyOf(body, sizeBytes),
    contentType: headers['content-type'] ?? '',
    expectedEtag: etag === undefined ? undefined : unquoted(etag),
    metadata: storedMetadata(headers),
    limitBytes: sizeBytes,
  }
}

/** The body of an answer as that of a request. */
export function requestBodyOf(body: ResponseBody, lengthBytes: number): RequestBody {
  if (body === undefined) return EMPTY_BODY
  if (Buffer.isBuffer(body)) return bufferBody(body)
  return {
    lengthBytes,
    sendContinue: () => {},
    cancel: () => body.cancel(),
    [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](),
  }
}
