/** The address by which a client reached us, for answers that name a place on this server. */
import type { Request } from '#http/message.ts'

/** Scheme and host, a default port left out. */
export function hostUrlOf(request: Request): string {
  const scheme = request.secure ? 'https' : 'http'
  const defaultPort = request.secure ? ':443' : ':80'
  const host = request.headers['host'] ?? 'localhost'
  return `${scheme}://${host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host}`
}
