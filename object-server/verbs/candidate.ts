/** GET of a candidate that is not visible: its body and all that is stored with it, for a replica that lacks it. */
import { answer, textAnswer } from '#backend/answers.ts'
import { isRefusal } from '#backend/refusal.ts'
import { parseCandidateId } from '#base/ballot.ts'
import { CANDIDATE_HEADER } from '#base/extensions.ts'
import type { Request, Response } from '#http/message.ts'
import type { ObjectServerContext } from '../server-context.ts'
import type { StoredObject } from '../stored-object.ts'
import { diskFailed, readTarget } from '../target.ts'
import { bodyOf } from './content-body.ts'

export async function getCandidate(server: ObjectServerContext, request: Request): Promise<Response> {
  const candidate = parseCandidateId(request.headers[CANDIDATE_HEADER])
  if (candidate === undefined) return textAnswer(400, 'Invalid candidate')
  const target = await readTarget(server, request)
  if (isRefusal(target)) return target.response
  const opened = await target.engine.conditional.open(target.name, candidate)
  if (opened.kind === 'disk_failed') return diskFailed(server, opened)
  if (opened.kind === 'unknown') return answer(404)
  const { object, content } = opened
  return {
    status: 200,
    headers: storedHeaders(object),
    body: bodyOf(content, { start: 0, end: object.sizeBytes }),
  }
}

/** In the form in which a PUT takes them. */
function storedHeaders(object: StoredObject): Response['headers'] {
  return {
    ...object.headers,
    'x-backend-replication-headers': Object.keys(object.headers).join(' '),
    'content-type': object.contentType,
    'content-length': String(object.sizeBytes),
    etag: `"${object.etag}"`,
  }
}
