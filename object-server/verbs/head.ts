/** HEAD: the headers of GET, without touching the file; with our extension not even its metadata is needed. */
import { isTrueValue } from '#backend/address.ts'
import { isRefusal } from '#backend/refusal.ts'
import { CHANGES_HEADER, INDEX_ONLY_HEADER, QUARANTINED_HEADER } from '#base/extensions.ts'
import type { Request, Response } from '#http/message.ts'
import { describeFound } from '../response-headers.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { isPast } from '../stored-object.ts'
import { diskFailed, notFound, type ObjectTarget, readTarget } from '../target.ts'
import { absentAnswer, conditionAnswer, expiredAnswer, expiredRule, lookUp, lostAnswer } from './get.ts'

export async function headObject(server: ObjectServerContext, request: Request): Promise<Response> {
  const target = await readTarget(server, request)
  if (isRefusal(target)) return target.response
  if (isTrueValue(request.headers[INDEX_ONLY_HEADER])) return await probe(server, target, request)
  const lookup = await lookUp(target, request.headers)
  if (lookup.kind !== 'found') return absentAnswer(server, lookup, request.headers)
  const headers = describeFound(lookup, server.allowedHeaders)
  const refused = conditionAnswer(lookup.object, headers, request.headers)
  return refused ?? { status: 200, headers, body: undefined }
}

/** Which version is here, by the index alone: a second replica confirms that the first one's copy is not older. */
async function probe(server: ObjectServerContext, target: ObjectTarget, request: Request): Promise<Response> {
  const found = await target.engine.probe(target.name)
  switch (found.kind) {
    case 'disk_failed':
      return diskFailed(server, found)
    case 'missing':
      return notFound(undefined)
    case 'quarantined':
      return lostAnswer()
    case 'deleted':
      return notFound(found.timestamp)
    case 'found':
      if (expiredRule(request.headers) === 'hide' && isPast(found.deleteAt, target.timestamp)) {
        return found.lost === undefined ? expiredAnswer(found) : lostAnswer()
      }
      return {
        status: 200,
        headers: {
          'content-length': String(found.sizeBytes),
          etag: `"${found.etag}"`,
          'x-backend-timestamp': found.timestamp,
          'x-backend-data-timestamp': found.dataTimestamp,
          'x-backend-durable-timestamp': found.dataTimestamp,
          ...(found.changes === undefined ? {} : { [CHANGES_HEADER]: found.changes }),
          ...(found.lost === undefined ? {} : { [QUARANTINED_HEADER]: 'true' }),
        },
        body: undefined,
      }
  }
}
