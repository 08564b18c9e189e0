/** The one table of operations, and which of them a request asks for. */
import { accessOperations } from './access/operations.ts'
import { accountOperations } from './account/operations.ts'
import { bucketOperations } from './buckets/operations.ts'
import { configOperations } from './config/operations.ts'
import { type S3Error, s3Error } from './error.ts'
import { multipartOperations } from './multipart/operations.ts'
import { objectOperations } from './objects/operations.ts'
import type { S3Operation } from './operation.ts'
import { formOperations } from './post-form/post-object.ts'
import type { Level, S3Request } from './request.ts'
import { versionOperations } from './versions/operations.ts'

export const OPERATIONS: readonly S3Operation[] = [
  ...accountOperations,
  ...bucketOperations,
  ...objectOperations,
  ...multipartOperations,
  ...versionOperations,
  ...accessOperations,
  ...configOperations,
  ...formOperations,
]

/**
 * Every parameter that names a part of a bucket or of an object in AWS's reference: what this door has no operation for
 * is 501, never an answer about something else.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
const SUBRESOURCES: Readonly<Record<Level, readonly string[]>> = {
  service: [],
  account: [],
  bucket: words(
    'abac accelerate acl analytics cors delete encryption intelligent-tiering inventory lifecycle location logging',
    'metadataAnnotationTable metadataConfiguration metadataInventoryTable metadataJournalTable metadataTable metrics',
    'notification object-lock ownershipControls policy policyStatus publicAccessBlock replication requestPayment',
    'session tagging uploads versioning versions website',
  ),
  object: words(
    'acl annotation attributes encryption legal-hold renameObject restore retention select tagging torrent uploadId',
    'uploads',
  ),
}

/** Words that links to objects may well bear for reasons of their own. */
const IN_ANY_LINK: ReadonlySet<string> = new Set(['location', 'session'])

/** Parts of buckets that no key has: a key asked for one of them is not the object itself. */
const OF_BUCKETS_ALONE: ReadonlySet<string> = new Set(
  SUBRESOURCES.bucket.filter((name) => !SUBRESOURCES.object.includes(name) && !IN_ANY_LINK.has(name)),
)

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '))
}

interface AtLevel {
  /** By parameter; those of one parameter together. */
  readonly byQuery: ReadonlyMap<string, readonly S3Operation[]>
  readonly plain: readonly S3Operation[]
}

const LEVELS: Readonly<Record<Level, AtLevel>> = {
  service: atLevel('service'),
  account: atLevel('account'),
  bucket: atLevel('bucket'),
  object: atLevel('object'),
}

function atLevel(level: Level): AtLevel {
  const own = OPERATIONS.filter((operation) => operation.level === level)
  const byQuery = new Map<string, S3Operation[]>()
  for (const parameter of SUBRESOURCES[level]) byQuery.set(parameter, [])
  for (const operation of own) {
    if (operation.query === undefined) continue
    byQuery.set(operation.query, [...(byQuery.get(operation.query) ?? []), operation])
  }
  return { byQuery, plain: own.filter(({ query }) => query === undefined) }
}

/** The operation that is asked for. What another method of the resource would be is `MethodNotAllowed`. */
export function operationOf(request: S3Request): S3Operation | S3Error {
  const { byQuery, plain } = LEVELS[request.level]
  const parameter = request.method === 'OPTIONS' ? undefined : dispatching(request, byQuery)
  const strayed = parameter === undefined ? strayedIn(request) : undefined
  if (strayed !== undefined) return strayed
  const candidates = parameter === undefined ? plainOf(plain, request) : (byQuery.get(parameter) ?? [])
  if (candidates.length === 0) {
    return s3Error('NotImplemented', { extra: { Header: parameter ?? request.method } })
  }
  return (
    chosen(candidates, request) ?? notAllowed(candidates, request, (parameter ?? request.level).toUpperCase())
  )
}

/** At the level of accounts the path tells operations apart. */
function plainOf(plain: readonly S3Operation[], { ofAccount }: S3Request): readonly S3Operation[] {
  return ofAccount === undefined ? plain : plain.filter((operation) => operation.ofAccount === ofAccount)
}

/** The first parameter that tells operations apart; a preflight is about the request to come, whatever its parameters. */
function dispatching(request: S3Request, byQuery: AtLevel['byQuery']): string | undefined {
  if (request.query.size === 0) return undefined
  for (const name of request.query.keys()) if (byQuery.has(name)) return name
  return undefined
}

/** A part of a bucket that was asked of a key. */
function strayedIn({ level, method, query }: S3Request): S3Error | undefined {
  if (level !== 'object' || method === 'OPTIONS' || query.size === 0) return undefined
  for (const name of query.keys()) {
    if (name === 'logging') return s3Error('NoLoggingStatusForKey')
    if (!OF_BUCKETS_ALONE.has(name)) continue
    const message = `There is no such thing as the ?${name} sub-resource for a key`
    return s3Error('InvalidRequest', { message })
  }
  return undefined
}

/** Of operations with the same method, one that asks for a header that is there comes before one that asks for none. */
function chosen(candidates: readonly S3Operation[], request: S3Request): S3Operation | undefined {
  let found: S3Operation | undefined
  for (const operation of candidates) {
    if (operation.method !== request.method) continue
    if (operation.header === undefined) found ??= operation
    else if (request.headers[operation.header] !== undefined) return operation
  }
  return found
}

function notAllowed(candidates: readonly S3Operation[], request: S3Request, resource: string): S3Error {
  const methods = [...new Set(candidates.map(({ method }) => method))].join(', ')
  return s3Error('MethodNotAllowed', {
    extra: { Method: request.method, ResourceType: resource },
    headers: { allow: methods },
  })
}
