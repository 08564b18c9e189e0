/**
 * What a process answers on its own behalf, beside its storage servers: requests to `/martlet/…`, on the port of the
 * account server, or of another one where the device has no account server. Signed like all requests between nodes.
 */
import { textAnswer } from '#backend/answers.ts'
import type { Handler } from '#http/message.ts'
import type { ServerEndpoint } from './device-endpoints.ts'
import type { ServerType } from './rings.ts'

const ROOT = '/martlet/'
/** Which server's port it is, the first that the device has. */
const PORT_ORDER: readonly ServerType[] = ['account', 'container', 'object']

/** Handlers by the segment after `/martlet/`: `workers`, `device`, `invalidations`. */
export type InsideHandlers = Readonly<Record<string, Handler | undefined>>

/** The handlers of the servers, one of them with the paths of the process before it. */
export function withInsidePaths(
  handlers: Readonly<Record<ServerType, Handler>>,
  endpoints: readonly ServerEndpoint[],
  inside: InsideHandlers,
): Readonly<Record<ServerType, Handler>> {
  const server = insideServer(endpoints.map((endpoint) => endpoint.server))
  const within = handlers[server]
  const served: Handler = async (request) => {
    if (!request.path.startsWith(ROOT)) return within(request)
    const [segment = ''] = request.path.slice(ROOT.length).split('/')
    const handler = Object.hasOwn(inside, segment) ? inside[segment] : undefined
    if (handler !== undefined) return handler(request)
    await request.body.cancel()
    return textAnswer(404, `Invalid path: ${request.path}`)
  }
  return { ...handlers, [server]: served }
}

/** The server whose port it is on a device that has these. */
export function insideServer(servers: readonly ServerType[]): ServerType {
  return PORT_ORDER.find((server) => servers.includes(server)) ?? 'account'
}
