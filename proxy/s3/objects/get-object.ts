/** GetObject and HeadObject. */
import type { HeaderMap, Response } from '#http/message.ts'
import type { S3Error } from '../error.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { ETAG_SYSMETA } from './object-facts.ts'
import { shownObject } from './shown-object.ts'

export async function getObject(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const read = await deps.store.objects.read(transaction, objectOf(visit), {
    method: request.method === 'HEAD' ? 'HEAD' : 'GET',
    conditions: conditionsIn(request.headers),
    newest: false,
    certainty: 'confirmed',
    etagIsAt: ETAG_SYSMETA,
  })
  if (read.kind === 'found')
    return { status: read.status, headers: shownObject(read.headers), body: read.body }
  if (read.kind === 'not_modified')
    return { status: 304, headers: shownObject(read.headers), body: undefined }
  return storeError(read, { Key: request.key ?? '' })
}

const CONDITIONS = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const

function conditionsIn(headers: HeaderMap): HeaderMap {
  const conditions: Record<string, string> = {}
  for (const name of CONDITIONS) {
    const value = headers[name]
    if (value !== undefined) conditions[name] = value
  }
  return conditions
}
