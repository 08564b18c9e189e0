/** DeleteObject: 204, whether there was something or not. */
import type { Response } from '#http/message.ts'
import type { S3Error } from '../error.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'

export async function deleteObject(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const deleted = await deps.store.objects.delete(transaction, objectOf(visit), {})
  if (deleted.kind !== 'deleted' && deleted.kind !== 'no_such_object') {
    return storeError(deleted, { Key: request.key ?? '' })
  }
  return { status: 204, headers: {}, body: undefined }
}
