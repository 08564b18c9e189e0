/** Where clients come in: connections that the supervisor accepted and deals to this process. */
import type { Handler } from '#http/message.ts'
import { type Listener, listen } from '#http/server.ts'
import type { Settings } from './options.ts'
import type { ProcessParts } from './process-parts.ts'
import { listenerTls } from './tls-files.ts'

/** Rejects with a sentence when a file of the TLS settings cannot be read. */
export async function listenForClients(
  { environment, log }: Pick<ProcessParts, 'environment' | 'log'>,
  settings: Settings['proxy'],
  handler: Handler,
): Promise<Listener> {
  return listen({
    connections: 'handed_over',
    handler,
    clock: environment.clock,
    log,
    tls: await listenerTls(environment.disk, settings),
    limits: { clientTimeoutMs: settings.clientTimeoutMs },
  })
}
