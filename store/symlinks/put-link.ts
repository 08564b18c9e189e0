/**
 * PUT of a symbolic link (OpenStack Swift, `common/middleware/symlink.py`: `handle_put`). A dynamic link may lead to what is
 * not there yet; a static one is made only while its target has the ETag that it is fixed to.
 */
import { splitSwiftBytes } from '#db/object-row.ts'
import { BodyError, EMPTY_BODY, type HeaderMap, type RequestBody, readWhole } from '#http/message.ts'
import type { LinkPut, ObjectOperations, ObjectPut, ObjectPutReceipt } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { arrive, letGo, refusalOf } from './follow.ts'
import { linkMetadata, ROW_ETAG, rowParametersIn, targetOf } from './link-metadata.ts'

type Put = ObjectPut & { readonly link: LinkPut }

export async function putLink(
  inner: ObjectOperations,
  context: OperationContext,
  name: ObjectName,
  put: Put,
): Promise<ObjectPutReceipt | StoreFailure> {
  if (!(await isEmpty(put.body))) return { kind: 'broken_link', problem: { kind: 'has_body' } }
  const { link, ...plain } = put
  const target = targetOf(name, link.target)
  if (isSame(target, name)) return { kind: 'broken_link', problem: { kind: 'targets_itself' } }
  const fixed = link.etag === undefined ? {} : await fix(inner, context, target, link.etag)
  if ('kind' in fixed) return fixed
  const { contentType, ...facts } = fixed
  const own = linkMetadata({
    ...link.target,
    ...facts,
    etag: link.etag,
    madeBy: 'client',
    rowEtag: put.metadata[ROW_ETAG],
  })
  return await inner.put(context, name, {
    ...plain,
    body: EMPTY_BODY,
    contentType:
      link.contentType === 'as_target' && contentType !== undefined ? contentType : put.contentType,
    metadata: { ...put.metadata, ...own },
  })
}

/** Whether the client sent nothing. Reads at most what it sends first. */
export async function isEmpty(body: RequestBody): Promise<boolean> {
  if (body.lengthBytes === 0) return true
  if (body.lengthBytes !== undefined) {
    await body.cancel()
    return false
  }
  try {
    return (await readWhole(body, 0)).length === 0
  } catch (error) {
    if (error instanceof BodyError) return false
    throw error
  }
}

function isSame(one: ObjectName, other: ObjectName): boolean {
  return one.account === other.account && one.container === other.container && one.object === other.object
}

/** What a static link keeps of its target. */
interface Fixed {
  readonly sizeBytes?: number
  readonly contentType?: string
  readonly rowParameters?: string
}

async function fix(
  inner: ObjectOperations,
  context: OperationContext,
  target: ObjectName,
  etag: string,
): Promise<Fixed | StoreFailure> {
  const refusal = await refusalOf(context, target)
  if (refusal !== undefined) return refusal
  const options = { method: 'HEAD', conditions: {}, newest: true } as const
  const place = { name: target, wanted: etag, linksPassed: 0, location: target }
  const outcome = await arrive({ inner, context, options, through: 'static_links' }, place)
  await letGo(outcome)
  if (outcome.kind === 'found') return fixedTo(outcome.headers)
  if (outcome.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  const { kind } = outcome
  const isMissing = kind === 'no_such_object' || kind === 'no_such_container' || kind === 'no_such_account'
  if (!isMissing) return outcome
  return { kind: 'broken_link', problem: { kind: 'no_target' }, location: outcome.trail?.location ?? target }
}

function fixedTo(headers: HeaderMap): Fixed {
  const [contentType] = splitSwiftBytes(headers['content-type'] ?? '')
  const sizeBytes = Number(headers['x-object-sysmeta-slo-size'] ?? headers['content-length'] ?? 0)
  return { sizeBytes, contentType, rowParameters: rowParametersIn(headers) }
}
