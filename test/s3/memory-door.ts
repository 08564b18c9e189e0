/** The S3 door over the store in memory, on a port of its own: what signers make of a request, real sockets included. */
import type { Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import type { Request } from '#http/message.ts'
import { listen } from '#http/server.ts'
import type { ProxyOptions } from '#proxy/options.ts'
import { type SignedS3Door, signedS3Door } from '#proxy/testing/signed-s3-door.ts'

export interface MemoryDoor extends SignedS3Door {
  readonly url: string
  /** The requests that came, newest last; their bodies are read. */
  readonly requests: readonly Request[]
}

export async function startMemoryDoor(t: Test, options: Partial<ProxyOptions> = {}): Promise<MemoryDoor> {
  const door = signedS3Door(options)
  const requests: Request[] = []
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    handler: (request) => {
      requests.push(request)
      return door.handler(request)
    },
    clock: realClock,
    log: silentLogger,
  })
  t.teardown(() => listener.close({ graceMs: 0 }))
  return { ...door, requests, url: `http://127.0.0.1:${listener.address.port}` }
}
