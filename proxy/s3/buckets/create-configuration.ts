/** `CreateBucketConfiguration` (Amazon S3 API Reference, CreateBucket): where the bucket is to be, and its tags. */
import type { Tag } from '#store/bucket-settings/documents.ts'
import { duplicateTag, tagList, tagProblem } from '../config/tags.ts'
import { optional, struct, text } from '../config/xml-schema.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { bodyIsEmpty, sentXml } from '../sent-xml.ts'

const BODY_LIMIT_BYTES = 64 * 1024

export interface CreateConfiguration {
  readonly tags: readonly Tag[]
}

interface Written {
  readonly location?: string | undefined
  readonly tags?: readonly Tag[] | undefined
}

const configuration = struct<Written>({
  location: optional('LocationConstraint', text()),
  tags: optional('Tags', tagList),
})

const PLAIN: CreateConfiguration = { tags: [] }

/** What is asked for, or why there is no such bucket here. */
export async function createConfigurationIn(visit: S3Visit): Promise<CreateConfiguration | S3Error> {
  const elsewhere = namespaceProblem(visit)
  if (elsewhere !== undefined) return elsewhere
  if (bodyIsEmpty(visit.sent)) return PLAIN
  const sent = await sentXml(visit, 'CreateBucketConfiguration', BODY_LIMIT_BYTES)
  if (isS3Error(sent)) return sent
  const read = configuration.read(sent)
  if (read.kind !== 'value') return read
  const { location, tags = [] } = read.value
  const problem =
    locationProblem(location, visit.deps.options.region) ?? duplicateTag(tags) ?? tagProblem(tags, 'bucket')
  return problem ?? { tags }
}

const NAMESPACE = 'x-amz-bucket-namespace'

/** There is one space of names, for all accounts. */
function namespaceProblem({ request }: S3Visit): S3Error | undefined {
  const written = request.headers[NAMESPACE]
  if (written === undefined || written === 'global') return undefined
  if (written === 'account-regional') return s3Error('NotImplemented', { extra: { Header: NAMESPACE } })
  return invalidArgument(NAMESPACE, written, 'The bucket namespace is not valid.')
}

/** The region that is asked for must be this one; none is this one. */
function locationProblem(wanted: string | undefined, region: string): S3Error | undefined {
  if (wanted === undefined || wanted === region) return undefined
  if (!/^(?:EU|[a-z]{2,4}(?:-[a-z]+)+-\d)$/.test(wanted)) {
    return s3Error('InvalidLocationConstraint', { extra: { LocationConstraint: wanted } })
  }
  const message = `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`
  return s3Error('IllegalLocationConstraintException', { message })
}
