/**
 * Copies on the server's side (OpenStack Swift, `common/middleware/copy.py`): `COPY` of a source with `Destination`, and
 * `PUT` of a target with `X-Copy-From`. The request's range, conditions and parameters are about the source.
 */
import { quotedPath } from '#base/names.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { ObjectPut } from '#store/contract.ts'
import { copiedMetadata } from '#store/copy/copied-metadata.ts'
import { writeCopy } from '#store/copy/copy-object.ts'
import { type CopySource, openCopySource } from '#store/copy/copy-source.ts'
import type { ObjectName } from '#store/operation.ts'
import { permissionFor } from '../access/ask-access.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'
import { askerOf, denialAnswer } from './authorize.ts'
import { failureAnswer } from './failure-answers.ts'
import { checkMetadata } from './metadata-headers.ts'
import { accountNamedIn, objectNamedIn } from './named-objects.ts'
import { objectParametersIn } from './object-parameters.ts'
import { conditionsIn, unreadAnswer } from './object-read.ts'
import { putReceipt } from './put-receipt.ts'
import { segmentsRefusedAnswer } from './segment-problems.ts'
import { uploadIn } from './upload.ts'
import { withoutOwnParameters } from './upload-rules.ts'
import { isTrue, type ObjectVerb, type SwiftDoorDeps, type Visit } from './visit.ts'

/** COPY: the visit is to the source. */
export const objectCopy: ObjectVerb = async (deps, visit) => {
  const { name: source, request, transaction } = visit
  const destination = request.headers['destination']
  if (destination === undefined || destination === '') {
    return textAnswer(412, 'Destination header required', HTML_TYPE)
  }
  const account = accountNamedIn(request.headers['destination-account'])
  if (account.kind === 'refused') return account.response
  const named = objectNamedIn('Destination', destination)
  if (named.kind === 'refused') return named.response
  const { container, object } = named
  const target = { account: account.name ?? source.account, container, object }
  // The target is a visit of its own, also where it is a part of the source.
  const permission = await permissionFor(deps.access, askerOf(transaction), 'write', target)
  if (permission.kind === 'denied') return denialAnswer(transaction, permission.status)
  return await copy(deps, { ...visit, name: target }, source)
}

/** PUT with `X-Copy-From`: the visit is to the target. */
export const objectPutCopy: ObjectVerb = async (deps, visit) => {
  const { headers, body } = visit.request
  if ((body.lengthBytes ?? 0) > 0) return textAnswer(400, 'Copy requests require a zero byte body')
  const named = headers['x-copy-from-account']
  const account = accountNamedIn(named === '' ? undefined : named)
  if (account.kind === 'refused') return account.response
  const from = objectNamedIn('X-Copy-From', headers['x-copy-from'] ?? '')
  if (from.kind === 'refused') return from.response
  const { container, object } = from
  return await copy(deps, visit, { account: account.name ?? visit.name.account, container, object })
}

async function copy(deps: SwiftDoorDeps, visit: Visit<ObjectName>, name: ObjectName): Promise<Response> {
  const { request, transaction } = visit
  const upload = uploadIn(deps, withoutConditions(visit), () => undefined)
  if (upload.kind === 'refused') return upload.response
  const conditions = conditionsIn(request.headers)
  const source = await openCopySource(deps.store, transaction, name, {
    read: { conditions, ...objectParametersIn(request) },
    limitBytes: deps.options.maxFileSizeBytes,
  })
  if (source.kind === 'source_too_large') return answer(413)
  if (source.kind !== 'source') return unreadAnswer(source, transaction, conditions)
  const put = { ...upload.put, ...ofSource(request.headers, source, upload.put) }
  const refusal = checkMetadata(put.metadata, 'object')
  if (refusal !== undefined) {
    await source.close()
    return refusal
  }
  const written = await writeCopy(deps.store, transaction, visit.name, { source, put })
  if (written.kind === 'segments_refused') return segmentsRefusedAnswer(written, request.headers)
  if (written.kind !== 'created') return failureAnswer(written)
  const etag = source.made.segments === undefined ? written.etag : `"${written.etag}"`
  return putReceipt(written, etag, { ...metadataShown(put.metadata), ...sourceHeaders(name, source) })
}

/** Conditions are about the source; the write of the copy has none. */
function withoutConditions(visit: Visit<ObjectName>): Visit<ObjectName> {
  const headers = { ...visit.request.headers }
  for (const name of Object.keys(conditionsIn(headers))) headers[name] = undefined
  return { ...visit, request: { ...visit.request, headers } }
}

/** What the copy takes over. */
function ofSource(
  headers: HeaderMap,
  source: CopySource,
  given: Omit<ObjectPut, 'body'>,
): Pick<ObjectPut, 'metadata' | 'contentType'> {
  const metadata = copiedMetadata({
    source: source.headers,
    given: given.metadata,
    metadata: isTrue(headers['x-fresh-metadata']) ? 'fresh' : 'of_source_and_request',
    bytes: source.bytes,
  })
  const named = headers['content-type']
  const isNamed = (named !== undefined && named !== '') || isTrue(headers['x-detect-content-type'])
  return { metadata, contentType: isNamed ? given.contentType : withoutOwnParameters(source.contentType) }
}

/** The copy's metadata are shown in the answer. */
function metadataShown(metadata: HeaderMap): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata)) {
    if (value !== undefined && (name.startsWith('x-object-meta-') || name === 'x-delete-at'))
      shown[name] = value
  }
  return shown
}

function sourceHeaders(
  { account, container, object }: ObjectName,
  source: CopySource,
): Record<string, string> {
  const { 'last-modified': lastModified } = source.headers
  const versionId = source.trail?.versionId
  return {
    'x-copied-from-account': quotedPath(account),
    'x-copied-from': quotedPath(`${container}/${object}`),
    ...(lastModified === undefined ? {} : { 'x-copied-from-last-modified': lastModified }),
    ...(versionId === undefined ? {} : { 'x-copied-from-version-id': versionId }),
  }
}
