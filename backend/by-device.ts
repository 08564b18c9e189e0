/** One address for several devices of one process: the first segment of the path says whose handler serves. */
import type { Handler } from '#http/message.ts'
import { insufficientStorage } from './answers.ts'

/** A device that is not in the table is answered 507, as a drive that is not there. */
export function byDevice(handlers: ReadonlyMap<string, Handler>): Handler {
  return async (request) => {
    const device = request.path.split('/', 2)[1] ?? ''
    const handler = handlers.get(device)
    if (handler !== undefined) return handler(request)
    await request.body.cancel()
    return insufficientStorage(device)
  }
}
