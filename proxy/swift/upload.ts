/** What the headers of an upload ask for, checked: everything of a put but its body. */
import { unquoted } from '#http/conditionals.ts'
import type { Response } from '#http/message.ts'
import type { ObjectPut } from '#store/contract.ts'
import { STATIC_MARK } from '#store/large-objects/manifest.ts'
import type { ObjectName } from '#store/operation.ts'
import { deleteAtIn } from './delete-at.ts'
import { linkInRequest } from './link-headers.ts'
import { checkMetadata, objectMetadataIn } from './metadata-headers.ts'
import {
  checkContentType,
  checkDynamicMark,
  checkObjectName,
  checkPutConditions,
  checkStaticMark,
  contentTypeOf,
  writeConditionIn,
} from './upload-rules.ts'
import { isTrue, type SwiftDoorDeps, type Visit } from './visit.ts'

export type Upload =
  | { readonly kind: 'upload'; readonly put: Omit<ObjectPut, 'body'> }
  | {
      readonly kind: 'refused'
      readonly response: Response
      /** `feature`: of what is not looked at before the container; `object`: it matters only where there is a container. */
      readonly of: 'feature' | 'object'
    }

/** `checkBody` is what else must hold before a byte of the body is read. */
export function uploadIn(
  { clock, options }: SwiftDoorDeps,
  { name, request, transaction: { synced } }: Visit<ObjectName>,
  checkBody: () => Response | undefined,
): Upload {
  const { headers } = request
  const link = linkInRequest(request)
  if (link.kind === 'refused') return { ...link, of: 'feature' }
  const ownType = link.kind === 'link' ? link.contentType : undefined
  const contentType = ownType ?? contentTypeOf(headers, name.object)
  const misused = checkDynamicMark(headers) ?? (synced === undefined ? checkStaticMark(headers) : undefined)
  if (misused !== undefined) return { kind: 'refused', response: misused, of: 'feature' }
  const refusal =
    checkPutConditions(headers) ??
    checkBody() ??
    checkObjectName(name.object) ??
    checkContentType(contentType) ??
    checkMetadata(headers, 'object')
  if (refusal !== undefined) return { kind: 'refused', response: refusal, of: 'object' }
  const deleteAt = deleteAtIn(headers, clock)
  if (deleteAt.kind === 'refused') return { ...deleteAt, of: 'object' }
  const metadata = objectMetadataIn(headers)
  if (deleteAt.value !== undefined) metadata['x-delete-at'] = deleteAt.value
  // The manifest of a large object comes as it is stored, and before its segments perhaps.
  if (synced !== undefined && isTrue(headers[STATIC_MARK])) metadata[STATIC_MARK] = 'True'
  const etag = headers['etag']
  return {
    kind: 'upload',
    put: {
      contentType,
      expectedEtag: etag === undefined || etag === '' ? undefined : unquoted(etag),
      metadata,
      condition: writeConditionIn(headers),
      limitBytes: options.maxFileSizeBytes,
      link: link.kind === 'link' ? link.link : undefined,
    },
  }
}
