/** POST of an object: its whole user metadata, and its content type if one is given, are replaced. */
import { POSTED_FIELDS_HEADER } from '#base/extensions.ts'
import type { HeaderMap } from '#http/message.ts'
import { singleValued } from './backend-headers.ts'
import type { ObjectPost, ObjectPostReceipt } from './contract.ts'
import type { StoreFailure } from './failure.ts'
import { changeObject } from './object-change.ts'
import { containerForWrite, type ObjectDeps } from './object-container.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import { failureOf } from './write-outcome.ts'

export async function postObject(
  deps: ObjectDeps,
  context: OperationContext,
  name: ObjectName,
  post: ObjectPost,
): Promise<ObjectPostReceipt | StoreFailure> {
  const container = await containerForWrite(deps, context, name)
  if ('kind' in container) return container
  const { metadata, contentType, fields } = post
  const own = {
    ...metadata,
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(fields === undefined ? {} : { [POSTED_FIELDS_HEADER]: [fields].flat().join(',') }),
  }
  const changed = await changeObject(deps.parts, {
    method: 'POST',
    context,
    name,
    container,
    own,
    timestamp: undefined,
  })
  if (changed.kind !== 'changed') return changed
  const { verdict, answers, timestamp } = changed
  if (verdict.status >= 200 && verdict.status < 300) {
    return {
      kind: 'accepted',
      timestamp,
      stored: systemMetadataIn(singleValued(verdict.answer?.headers ?? {})),
    }
  }
  if (verdict.status === 404) return { kind: 'no_such_object', headers: {} }
  return failureOf(verdict, answers)
}

const SYSMETA = 'x-object-sysmeta-'

function systemMetadataIn(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(SYSMETA)))
}
