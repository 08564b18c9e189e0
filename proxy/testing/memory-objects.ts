/** The objects of the in-memory store. */
import { createHash } from 'node:crypto'
import { FACT_PREFIX } from '#base/extensions.ts'
import { httpDate, lastModifiedSeconds, normalForm, type Timestamp } from '#base/timestamp.ts'
import { evaluateConditions, parseTags } from '#http/conditionals.ts'
import { BodyError, type HeaderMap, readWhole } from '#http/message.ts'
import { multipartContentType, multipartLength, renderMultipart } from '#http/multipart-ranges.ts'
import { type ByteRange, contentRange, parseRange, resolveRanges } from '#http/ranges.ts'
import type { WriteCondition } from '#store/condition.ts'
import type {
  ObjectOperations,
  ObjectPost,
  ObjectPut,
  ObjectPutReceipt,
  ObjectRead,
  ObjectReadOptions,
} from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import type { ObjectName } from '#store/operation.ts'
import type { MemoryContainer, MemoryObject } from './memory-state.ts'

export interface MemoryObjectsDeps {
  readonly containerOf: (name: ObjectName) => MemoryContainer | undefined
  readonly now: () => Timestamp
  readonly nowSeconds: () => number
}

const NO_CONTAINER: StoreFailure = { kind: 'no_such_container' }
const NO_OBJECT: StoreFailure = { kind: 'no_such_object', headers: {} }
const REFUSED = { kind: 'precondition_failed', headers: {}, condition: 'agreed' } as const
const BOUNDARY = 'c'.repeat(32)

export function memoryObjects(deps: MemoryObjectsDeps): ObjectOperations {
  const find = (name: ObjectName): MemoryObject | undefined => {
    const object = deps.containerOf(name)?.objects.get(name.object)
    const deleteAt = object?.metadata['x-delete-at']
    return deleteAt !== undefined && Number(deleteAt) <= deps.nowSeconds() ? undefined : object
  }
  return {
    async read(_context, name, options) {
      if (deps.containerOf(name) === undefined) return NO_CONTAINER
      const object = find(name)
      return object === undefined ? NO_OBJECT : readObject(object, options)
    },
    async put(_context, name, put) {
      const container = deps.containerOf(name)
      if (container === undefined) return NO_CONTAINER
      const there = find(name)
      if (!holds(put.condition, there)) {
        return { ...REFUSED, there: there === undefined ? 'absent' : 'found' }
      }
      return putObject(container, name.object, put, put.timestamp ?? deps.now())
    },
    async post(_context, name, post) {
      if (deps.containerOf(name) === undefined) return NO_CONTAINER
      const object = find(name)
      if (object === undefined) return NO_OBJECT
      object.changedAt = deps.now()
      postTo(object, post)
      const stored = itemsOf(object.metadata, SYSMETA)
      return { kind: 'accepted', timestamp: object.changedAt, stored }
    },
    async delete(_context, name, { condition }) {
      const container = deps.containerOf(name)
      if (container === undefined) return NO_CONTAINER
      if (find(name) === undefined) return NO_OBJECT
      if (!holds(condition, find(name))) return REFUSED
      container.objects.delete(name.object)
      return { kind: 'deleted', timestamp: deps.now(), listingPending: false }
    },
  }
}

function holds(condition: WriteCondition | undefined, there: MemoryObject | undefined): boolean {
  if (condition === undefined) return true
  if (condition.kind === 'absent') return there === undefined
  if (condition.kind === 'unchanged') {
    return there?.putAt === condition.writtenAt && there.changedAt === condition.changedAt
  }
  if (there === undefined) return false
  return parseTags(condition.etags)?.matches(conditionalEtag(there, condition.etagIsAt)) === true
}

async function putObject(
  container: MemoryContainer,
  name: string,
  put: ObjectPut,
  timestamp: Timestamp,
): Promise<ObjectPutReceipt | StoreFailure> {
  put.body.sendContinue()
  const body = await readWhole(put.body, put.limitBytes).catch((error: unknown) => error as Error)
  if (!Buffer.isBuffer(body)) {
    const isGone = body instanceof BodyError && body.code === 'SENDER_GONE'
    return isGone ? { kind: 'client_gone' } : { kind: 'too_large', limitBytes: put.limitBytes }
  }
  if (put.body.lengthBytes !== undefined && body.length < put.body.lengthBytes) return { kind: 'client_gone' }
  const etag = createHash('md5').update(body).digest('hex')
  if (put.expectedEtag !== undefined && put.expectedEtag !== etag) {
    return { kind: 'etag_mismatch', md5: etag }
  }
  const { contentType } = put
  const there = container.objects.get(name)
  if (there !== undefined && there.timestamp >= timestamp)
    return { kind: 'conflict', newest: there.timestamp }
  const atEnd = put.atEnd?.({ etag }) ?? {}
  if (atEnd === 'etag_mismatch') return { kind: 'etag_mismatch' }
  const metadata = defined({ ...put.metadata, ...atEnd })
  container.objects.set(name, {
    body,
    etag,
    contentType,
    metadata,
    putAt: timestamp,
    timestamp,
    changedAt: timestamp,
  })
  return { kind: 'created', etag, sizeBytes: body.length, timestamp, listingPending: false }
}

type ReadResult = ObjectRead | { readonly kind: 'not_modified'; readonly headers: HeaderMap } | StoreFailure

function readObject(object: MemoryObject, options: ObjectReadOptions): ReadResult {
  const { method, conditions } = options
  const { body } = object
  const modifiedSeconds = lastModifiedSeconds(object.timestamp)
  const headers = {
    ...object.metadata,
    'content-type': object.contentType,
    // As the object server sends it.
    etag: `"${object.etag}"`,
    'last-modified': httpDate(modifiedSeconds),
    'x-timestamp': normalForm(object.timestamp),
    'x-backend-timestamp': object.changedAt,
    'x-backend-data-timestamp': object.putAt,
  }
  const etag = conditionalEtag(object, options.etagIsAt)
  const outcome = evaluateConditions(conditions, { exists: true, etag, lastModifiedSeconds: modifiedSeconds })
  if (outcome === 'not_modified') return { kind: 'not_modified', headers }
  if (outcome === 'precondition_failed') return { kind: 'precondition_failed', headers }
  const whole = {
    kind: 'found',
    status: 200,
    headers: { ...headers, 'content-length': String(body.length) },
    body,
  } as const
  if (method === 'HEAD') return { ...whole, body: undefined }
  const isWhole = options.wholeWith?.split(',').some((name) => object.metadata[name.trim()] !== undefined)
  const range = isWhole === true ? undefined : conditions['range']
  const resolved = resolveRanges(parseRange(range), body.length)
  switch (resolved.kind) {
    case 'whole':
      return whole
    case 'unsatisfiable':
      return { kind: 'range_unsatisfiable', sizeBytes: body.length, headers }
    case 'single':
      return oneRange(body, resolved.range, headers)
    case 'multiple':
      return manyRanges(body, resolved.ranges, headers)
  }
}

/** The ETag that conditions are about. */
function conditionalEtag(object: MemoryObject, etagIsAt = ''): string {
  const names = etagIsAt.split(',').map((name) => name.trim())
  return names.map((name) => object.metadata[name]).find((etag) => etag !== undefined) ?? object.etag
}

function oneRange(body: Buffer, range: ByteRange, headers: HeaderMap): ObjectRead {
  const part = body.subarray(range.start, range.end)
  const ranged = { 'content-range': contentRange(range, body.length), 'content-length': String(part.length) }
  return { kind: 'found', status: 206, headers: { ...headers, ...ranged }, body: part }
}

function manyRanges(body: Buffer, ranges: readonly ByteRange[], headers: HeaderMap): ObjectRead {
  const contentType = headers['content-type'] ?? ''
  const multipart = { ranges, contentType, lengthBytes: body.length, boundary: BOUNDARY }
  const rendered = renderMultipart(multipart, async function* (range) {
    yield body.subarray(range.start, range.end)
  })
  const multipartHeaders = {
    'content-type': multipartContentType(BOUNDARY),
    'content-length': String(multipartLength(multipart)),
  }
  const stream = { [Symbol.asyncIterator]: () => rendered, cancel: async () => {} }
  return { kind: 'found', status: 206, headers: { ...headers, ...multipartHeaders }, body: stream }
}

const SYSMETA = 'x-object-sysmeta-'

function itemsOf(metadata: Readonly<Record<string, string>>, ...prefixes: string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))),
  )
}

/** Facts are fields by themselves; all other metadata are one. */
function postTo(object: MemoryObject, { metadata, fields, contentType }: ObjectPost): void {
  const items = defined(metadata)
  if (Array.isArray(fields)) {
    for (const name of fields as readonly string[]) object.metadata[name] = items[name] ?? ''
    return
  }
  const facts = itemsOf(object.metadata, FACT_PREFIX)
  const carried = fields === 'metadata' ? facts : {}
  object.metadata = { ...itemsOf(object.metadata, SYSMETA), ...facts, ...items, ...carried }
  object.contentType = contentType ?? object.contentType
  object.timestamp = object.changedAt
}

function defined(metadata: HeaderMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter((item): item is [string, string] => item[1] !== undefined),
  )
}
