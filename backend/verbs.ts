/**
 * From a request's method to the function that serves it. A storage server is one table of verbs; `OPTIONS` and the
 * answer to methods that are not in the table come from the table itself (OpenStack Swift,
 * `common/base_storage_server.py`).
 */
import type { Handler, Request, Response } from '#http/message.ts'
import { answer } from './answers.ts'

export type Verbs = Readonly<Record<string, Handler>>

export interface VerbsOptions {
  /** What `OPTIONS` says in `Server`: `container-server/1.2.3`. */
  readonly server: string
  readonly verbs: Verbs
}

/** The handler of a server with these verbs. HEAD answers are sent without their bodies. */
export function serveVerbs({ server, verbs }: VerbsOptions): Handler {
  const table = new Map(Object.entries(verbs))
  const allow = [...table.keys(), 'OPTIONS'].toSorted().join(', ')
  return async (request) => {
    const verb = table.get(request.method)
    if (verb !== undefined) return bodyFor(request, await verb(request))
    await request.body.cancel()
    if (request.method === 'OPTIONS') return { ...answer(200, { allow, server }) }
    return answer(405, { allow })
  }
}

/** For HEAD: the same headers, the length that the body would have, and no body. */
function bodyFor(request: Request, response: Response): Response {
  if (request.method !== 'HEAD' || !Buffer.isBuffer(response.body)) return response
  const length = response.headers['content-length'] ?? String(response.body.length)
  return { ...response, headers: { ...response.headers, 'content-length': length }, body: undefined }
}
