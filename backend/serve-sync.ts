/** The `SYNC` verb of the account and the container server: what replicators of peers ask (`db/sync-wire.ts`). */
import { type Layer, type Request, type Response, readWhole } from '#http/message.ts'
import { textAnswer } from './answers.ts'
import type { Drive } from './drive-state.ts'

export interface SyncService {
  readonly drive: Drive
  readonly method: string
  /** Requests are no longer than this. */
  readonly bodyBytesMax: number
  /** What can be asked; requests of these kinds write. */
  readonly kinds: ReadonlyMap<string, 'reads' | 'writes'>
  /** The answer as JSON; `undefined` for a request that makes no sense. */
  readonly answer: (what: string, body: unknown) => Promise<unknown>
}

/** Besides the table of verbs, whose names `OPTIONS` tells to anybody. */
export function serveSync(service: SyncService): Layer {
  return (inner) => (request) =>
    request.method === service.method ? serve(service, request) : inner(request)
}

const PATH = /^\/([^/]+)\/sync\/databases\/([a-z]+)$/

async function serve(service: SyncService, request: Request): Promise<Response> {
  const [, device = '', what = ''] = PATH.exec(request.path) ?? []
  const effect = service.kinds.get(what)
  if (effect === undefined) return refuse(request, textAnswer(400, 'Invalid path for SYNC'))
  const unfit = await service.drive.refuse(device, effect === 'writes' ? 'write' : 'read')
  if (unfit !== undefined) return refuse(request, unfit.response)
  const asked = parsed(await readWhole(request.body, service.bodyBytesMax))
  const answered = asked === undefined ? undefined : await service.answer(what, asked)
  if (answered === undefined) return textAnswer(400, 'Invalid SYNC request')
  const body = Buffer.from(JSON.stringify(answered))
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  }
}

async function refuse(request: Request, response: Response): Promise<Response> {
  await request.body.cancel()
  return response
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return undefined
  }
}
