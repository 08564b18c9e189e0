/**
 * Subresources of a bucket of which there are many, each with an id: put, given, deleted by it, and listed. Each is declared by one
 * entry; the operations are the same for all. They are stored, and that is all: `report-configurations.ts` says so.
 */
import type { Response } from '#http/message.ts'
import type { BucketDocuments } from '#store/bucket-settings/documents.ts'
import type { Identified } from '#store/bucket-settings/report-configurations.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Operation, S3Visit } from '../operation.ts'
import { sentXml } from '../sent-xml.ts'
import { decodeToken, encodeToken } from '../token.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { changeDocuments, documentsOf } from './bucket-document.ts'
import {
  analyticsDocument,
  intelligentTieringDocument,
  inventoryDocument,
  metricsDocument,
} from './report-documents.ts'
import type { Codec } from './xml-schema.ts'

type Member = 'analytics' | 'inventory' | 'metrics' | 'intelligentTiering'
type Configuration<Name extends Member> = NonNullable<BucketDocuments[Name]>[number]

interface IdentifiedDocument<Name extends Member> {
  readonly query: string
  readonly member: Name
  /** Root of one, `MetricsConfiguration`; it stands in the names of operations and actions. */
  readonly root:
    | 'AnalyticsConfiguration'
    | 'InventoryConfiguration'
    | 'MetricsConfiguration'
    | 'IntelligentTieringConfiguration'
  readonly list: string
  readonly codec: Codec<Configuration<Name>>
}

/** Of each kind (Amazon S3 User Guide: of metrics, analytics and inventories). */
const CONFIGURATIONS_MAX = 1000
const PAGE = 100

export const identifiedDocumentOperations: readonly S3Operation[] = [
  ...operationsOf({
    query: 'analytics',
    member: 'analytics',
    root: 'AnalyticsConfiguration',
    list: 'ListBucketAnalyticsConfigurationResult',
    codec: analyticsDocument,
  }),
  ...operationsOf({
    query: 'inventory',
    member: 'inventory',
    root: 'InventoryConfiguration',
    list: 'ListInventoryConfigurationsResult',
    codec: inventoryDocument,
  }),
  ...operationsOf({
    query: 'metrics',
    member: 'metrics',
    root: 'MetricsConfiguration',
    list: 'ListMetricsConfigurationsResult',
    codec: metricsDocument,
  }),
  ...operationsOf({
    query: 'intelligent-tiering',
    member: 'intelligentTiering',
    root: 'IntelligentTieringConfiguration',
    list: 'ListBucketIntelligentTieringConfigurationsOutput',
    codec: intelligentTieringDocument,
  }),
]

function operationsOf<Name extends Member>(declared: IdentifiedDocument<Name>): readonly S3Operation[] {
  const { query, root } = declared
  const reading = { level: 'bucket', query, action: `s3:Get${root}` } as const
  const writing = { level: 'bucket', query, action: `s3:Put${root}` } as const
  return [
    { name: `GetBucket${root}`, method: 'GET', ...reading, run: (visit) => give(declared, visit) },
    { name: `PutBucket${root}`, method: 'PUT', ...writing, run: (visit) => put(declared, visit) },
    { name: `DeleteBucket${root}`, method: 'DELETE', ...writing, run: (visit) => remove(declared, visit) },
  ]
}

/** One by its id; without an id, a page of all. */
async function give<Name extends Member>(
  declared: IdentifiedDocument<Name>,
  visit: S3Visit,
): Promise<Response | S3Error> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  const all = storedOf(declared, documents)
  const id = visit.request.query.get('id')
  if (id === undefined) return listed(declared, all, visit.request.query.get('continuation-token'))
  const found = all.find((one) => one.id === id)
  if (found === undefined) return s3Error('NoSuchConfiguration')
  return xmlAnswer(200, document(declared.root, declared.codec.write(found)))
}

function storedOf<Name extends Member>(
  { member }: IdentifiedDocument<Name>,
  documents: BucketDocuments,
): readonly Configuration<Name>[] {
  return (documents[member] ?? []) as readonly Configuration<Name>[]
}

function listed<Name extends Member>(
  { list, root, codec }: IdentifiedDocument<Name>,
  all: readonly Configuration<Name>[],
  token: string | undefined,
): Response | S3Error {
  const after = token === undefined ? '' : decodeToken(token)
  if (after === undefined) {
    return invalidArgument('continuation-token', token ?? '', 'The continuation token provided is incorrect')
  }
  const left = all.filter(({ id }) => id > after)
  const page = left.slice(0, PAGE)
  const last = left.length > PAGE ? page.at(-1) : undefined
  const xml = document(
    list,
    element('ContinuationToken', token),
    element('IsTruncated', last !== undefined),
    element('NextContinuationToken', last && encodeToken(last.id)),
    ...page.map((one) => elementOf(root, codec.write(one))),
  )
  return xmlAnswer(200, xml)
}

async function put<Name extends Member>(
  declared: IdentifiedDocument<Name>,
  visit: S3Visit,
): Promise<Response | S3Error> {
  const id = visit.request.query.get('id')
  const sent = await sentXml(visit, declared.root, visit.deps.options.xmlLimitBytes)
  if (isS3Error(sent)) return sent
  const read = declared.codec.read(sent)
  if (read.kind !== 'value') return read
  const { value } = read
  if (id === undefined || id === '') return s3Error('InvalidConfigurationId')
  if (value.id !== id) return s3Error('IdMismatch')
  const refused = await changeDocuments(visit, (there) => {
    const others = storedOf(declared, there).filter((one) => one.id !== id)
    if (others.length >= CONFIGURATIONS_MAX) return s3Error('TooManyConfigurations')
    return { ...there, [declared.member]: [...others, value].sort(byId) }
  })
  return refused ?? { status: 200, headers: { 'content-length': '0' }, body: undefined }
}

/** What has an id must exist to be deleted. */
async function remove<Name extends Member>(
  declared: IdentifiedDocument<Name>,
  visit: S3Visit,
): Promise<Response | S3Error> {
  const id = visit.request.query.get('id')
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  if (!storedOf(declared, documents).some((one) => one.id === id)) return s3Error('NoSuchConfiguration')
  const refused = await changeDocuments(visit, (there) => {
    const left = storedOf(declared, there).filter((one) => one.id !== id)
    return { ...there, [declared.member]: left.length === 0 ? undefined : left }
  })
  return refused ?? { status: 204, headers: {}, body: undefined }
}

function byId(one: Identified, other: Identified): number {
  return one.id < other.id ? -1 : 1
}
