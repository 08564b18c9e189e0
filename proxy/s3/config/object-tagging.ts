/** Tags of single objects and versions (Amazon S3 API Reference, PutObjectTagging…). */
import type { S3Action } from '#auth/s3/actions.ts'
import type { Response } from '#http/message.ts'
import type { Tag } from '#store/bucket-settings/documents.ts'
import { changeFacts } from '#store/object-facts/object-facts.ts'
import { storedTags, TAGS_FACT, tagsIn } from '#store/object-facts/object-tags.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { objectOf, type S3Operation, type S3Visit } from '../operation.ts'
import { carryChange } from '../replication/carried-facts.ts'
import type { S3Request } from '../request.ts'
import { sentXml } from '../sent-xml.ts'
import { storeError } from '../store-errors.ts'
import { missingVersion, readOf, versionAsked } from '../versions/version-asked.ts'
import { document, xmlAnswer } from '../xml-writer.ts'
import { duplicateTag, TAGGING_HEADER, taggingDocument, tagProblem, tagsInHeader } from './tags.ts'

const VERSION_ID = 'x-amz-version-id'

export const objectTaggingOperations: readonly S3Operation[] = [
  {
    name: 'GetObjectTagging',
    method: 'GET',
    level: 'object',
    query: 'tagging',
    action: actionOn('Get'),
    run: getTagging,
  },
  {
    name: 'PutObjectTagging',
    method: 'PUT',
    level: 'object',
    query: 'tagging',
    // Judged with its tags, which are in its body.
    action: 'none',
    run: putTagging,
  },
  {
    name: 'DeleteObjectTagging',
    method: 'DELETE',
    level: 'object',
    query: 'tagging',
    action: actionOn('Delete'),
    run: (visit) => setTags(visit, [], 204),
  },
]

function actionOn(verb: 'Get' | 'Put' | 'Delete'): (request: S3Request) => S3Action {
  return ({ query }) => `s3:${verb}Object${query.has('versionId') ? 'Version' : ''}Tagging`
}

async function getTagging(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const asked = versionAsked(request.query)
  if (isS3Error(asked)) return asked
  const read = await deps.store.objects.read(transaction, objectOf(visit), {
    method: 'HEAD',
    conditions: {},
    newest: true,
    ...readOf(asked.versionId),
    keyless: 'allowed',
  })
  if (read.kind !== 'found') return missing(visit, read)
  const versionId = read.trail?.versionId
  const headers = versionId === undefined ? {} : { [VERSION_ID]: versionId }
  return xmlAnswer(200, document('Tagging', taggingDocument.write(tagsIn(read.headers))), headers)
}

async function putTagging(visit: S3Visit): Promise<Response | S3Error> {
  const tags = await sentTags(visit)
  const denied = await refusedTags(visit, isS3Error(tags) ? [] : tags)
  if (denied !== undefined) return denied
  return isS3Error(tags) ? tags : await setTags(visit, tags, 200)
}

async function sentTags(visit: S3Visit): Promise<readonly Tag[] | S3Error> {
  const sent = await sentXml(visit, 'Tagging', visit.deps.options.xmlLimitBytes)
  if (isS3Error(sent)) return sent
  const read = taggingDocument.read(sent)
  if (read.kind !== 'value') return read
  return duplicateTag(read.value) ?? tagProblem(read.value, 'object') ?? read.value
}

/** Policies may say which tags may be put: `s3:RequestObjectTag/…` are those of the body, as if the header of uploads had them. */
async function refusedTags(visit: S3Visit, tags: readonly Tag[]): Promise<S3Error | undefined> {
  const { deps, bucket, request } = visit
  const written = tags.map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
  const headers = { ...request.headers, [TAGGING_HEADER]: written.join('&') }
  const asked = { action: actionOn('Put')(request), bucket, key: request.key }
  return await deps.authorize({ ...visit, request: { ...request, headers } }, asked)
}

async function setTags(visit: S3Visit, tags: readonly Tag[], status: 200 | 204): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const asked = versionAsked(request.query)
  if (isS3Error(asked)) return asked
  const name = { ...objectOf(visit), ...asked }
  const changed = await changeFacts(deps.store, transaction, name, { [TAGS_FACT]: storedTags(tags) })
  if (changed.kind !== 'changed') return missing(visit, changed)
  const notCarried = await carryChange(visit, changed.versionId, TAGS_FACT)
  if (notCarried !== undefined) return notCarried
  const headers = changed.versionId === undefined ? {} : { [VERSION_ID]: changed.versionId }
  return {
    status,
    headers: status === 200 ? { ...headers, 'content-length': '0' } : headers,
    body: undefined,
  }
}

type Failed = Exclude<Awaited<ReturnType<typeof changeFacts>>, { readonly kind: 'changed' }>

function missing({ request }: S3Visit, failed: Failed): S3Error {
  const Key = request.key ?? ''
  if (failed.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  if (failed.kind !== 'no_such_object') return storeError(failed, { Key })
  const VersionId = request.query.get('versionId')
  return VersionId === undefined
    ? s3Error('NoSuchKey', { extra: { Key } })
    : missingVersion(Key, VersionId, failed.trail, request.method)
}

/** The tags of an upload, as they are stored; nothing without the header. */
export function tagsOfUpload({ request }: S3Visit): Readonly<Record<string, string>> | S3Error {
  const tags = tagsInHeader(request.headers[TAGGING_HEADER])
  if (isS3Error(tags)) return tags
  return tags.length === 0 ? {} : { [TAGS_FACT]: storedTags(tags) }
}
