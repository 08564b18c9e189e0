/**
 * A subresource of a bucket that is one document: put whole, given back whole, deleted. Each is declared by one entry of
 * `bucket-documents.ts`; the operations are the same for all.
 */
import type { S3Action } from '#auth/s3/actions.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { BucketDocuments } from '#store/bucket-settings/documents.ts'
import type { ContainerInfo } from '#store/contract.ts'
import { registerBucket } from '../buckets/register-bucket.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3ErrorCode } from '../error-catalogue.ts'
import { bucketOf, type S3Operation, type S3Visit } from '../operation.ts'
import { sentXml } from '../sent-xml.ts'
import { storeError } from '../store-errors.ts'
import { document, xmlAnswer } from '../xml-writer.ts'
import { type Codec, type Parsed, parsed } from './xml-schema.ts'

type Member = keyof BucketDocuments
type Document<Name extends Member> = NonNullable<BucketDocuments[Name]>

/** `Sent`: what the document says itself, where more than that is stored. */
export interface BucketDocument<Name extends Member, Sent = Document<Name>> {
  /** The parameter that names the subresource. */
  readonly query: string
  readonly member: Name
  /** The root element. */
  readonly root: string
  readonly codec: Codec<Sent>
  /** Names of the operations, and the actions by which access to them is judged. */
  readonly get: readonly [operation: string, action: S3Action]
  readonly put: readonly [operation: string, action: S3Action]
  readonly delete?: readonly [operation: string, action: S3Action]
  /** What GET says when it was never put: an error, or what then stands between the tags. */
  readonly absent: Absent | ((info: ContainerInfo) => Absent)
  /** 200 where AWS does not say otherwise. */
  readonly putStatus?: 204
  /** What is wrong with the document for this bucket. */
  readonly check?: (visit: S3Visit, wanted: Sent) => Promise<S3Error | undefined>
  /** What is stored of it, where that is not the document alone. */
  readonly stored?: (visit: S3Visit, wanted: Sent) => Promise<Parsed<Document<Name>>>
  /** The document with what headers of the PUT add to it. */
  readonly fromHeaders?: (wanted: Sent, headers: HeaderMap) => Parsed<Sent>
  /** Headers of the answer to GET and PUT. */
  readonly headers?: (kept: Document<Name>) => Readonly<Record<string, string>>
}

type Absent = S3ErrorCode | { readonly inner: string }

const NO_BODY = { 'content-length': '0' } as const

/** The operations of one subresource. */
export function operationsOf<Name extends Member, Sent = Document<Name>>(
  declared: BucketDocument<Name, Sent>,
): readonly S3Operation[] {
  const { query, get, put, delete: removal } = declared
  const level = 'bucket'
  return [
    {
      name: get[0],
      method: 'GET',
      level,
      query,
      action: get[1],
      run: (visit) => getDocument(declared, visit),
    },
    {
      name: put[0],
      method: 'PUT',
      level,
      query,
      action: put[1],
      run: (visit) => putDocument(declared, visit),
    },
    ...(removal === undefined
      ? []
      : ([
          {
            name: removal[0],
            method: 'DELETE',
            level,
            query,
            action: removal[1],
            run: (visit: S3Visit) => deleteDocument(declared, visit),
          },
        ] as const)),
  ]
}

async function getDocument<Name extends Member, Sent>(
  { member, root, codec, absent, headers }: BucketDocument<Name, Sent>,
  visit: S3Visit,
): Promise<Response | S3Error> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  const found = documents[member]
  if (found !== undefined) {
    const kept = found as Document<Name>
    // What is stored is what was sent, and maybe more.
    return xmlAnswer(200, document(root, codec.write(kept as unknown as Sent)), headers?.(kept))
  }
  const { info, name } = bucketOf(visit)
  const missing = typeof absent === 'function' ? absent(info) : absent
  return typeof missing === 'string'
    ? s3Error(missing, { extra: { BucketName: name } })
    : xmlAnswer(200, document(root, missing.inner))
}

async function putDocument<Name extends Member, Sent>(
  declared: BucketDocument<Name, Sent>,
  visit: S3Visit,
): Promise<Response | S3Error> {
  const { member, root, codec, check, stored, fromHeaders, putStatus = 200, headers } = declared
  const sent = await sentXml(visit, root, visit.deps.options.xmlLimitBytes)
  if (isS3Error(sent)) return sent
  const inBody = codec.read(sent)
  if (inBody.kind !== 'value') return inBody
  const read = fromHeaders?.(inBody.value, visit.request.headers) ?? inBody
  if (read.kind !== 'value') return read
  const { value } = read
  const problem = await check?.(visit, value)
  if (problem !== undefined) return problem
  const placed = await (stored?.(visit, value) ?? parsed(value as unknown as Document<Name>))
  if (placed.kind !== 'value') return placed
  const kept = placed.value
  const refused = await setDocument(visit, member, kept)
  return refused ?? { status: putStatus, headers: { ...NO_BODY, ...headers?.(kept) }, body: undefined }
}

async function deleteDocument<Name extends Member, Sent>(
  { member }: BucketDocument<Name, Sent>,
  visit: S3Visit,
): Promise<Response | S3Error> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  const refused = documents[member] === undefined ? undefined : await setDocument(visit, member, undefined)
  return refused ?? { status: 204, headers: {}, body: undefined }
}

/** What is configured of the visit's bucket. */
export async function documentsOf(visit: S3Visit): Promise<BucketDocuments | S3Error> {
  const { container, info, name } = bucketOf(visit)
  const read = await visit.deps.settings.ofKnown(visit.transaction, container, info)
  return read.kind === 'settings' ? read.documents : storeError(read, { BucketName: name })
}

/** Puts a document in the place of what is there; `undefined` takes it away. */
export function setDocument<Name extends Member>(
  visit: S3Visit,
  member: Name,
  value: BucketDocuments[Name],
): Promise<S3Error | undefined> {
  return changeDocuments(visit, (there) => ({ ...there, [member]: value }))
}

/** Makes a change on top of whatever is there, unless it finds that it cannot be; it may be called several times. */
export async function changeDocuments(
  visit: S3Visit,
  change: (there: BucketDocuments) => BucketDocuments | S3Error,
): Promise<S3Error | undefined> {
  const bucket = bucketOf(visit)
  const { container, name } = bucket
  const unregistered = await registerBucket(visit, bucket)
  if (unregistered !== undefined) return unregistered
  const changed = await visit.deps.settings.change<S3Error>(visit.transaction, container, (there) => {
    const wanted = change(there)
    return isS3Error(wanted) ? { kind: 'refused', refusal: wanted } : { kind: 'documents', documents: wanted }
  })
  if (changed.kind === 'changed') return undefined
  return changed.kind === 'refused' ? changed.refusal : storeError(changed, { BucketName: name })
}
