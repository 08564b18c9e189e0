import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { RemoteTransport } from './remote-transport.ts'
import { listen } from './server.ts'
import { transportContract } from './transport-contract.ts'

transportContract({
  name: 'remote transport',
  start: async (handler) => {
    const listener = await listen({
      host: '127.0.0.1',
      port: 0,
      handler,
      clock: realClock,
      log: silentLogger,
    })
    const closed = await listen({ host: '127.0.0.1', port: 0, handler, clock: realClock, log: silentLogger })
    await closed.close({ graceMs: 0 })
    const transport = new RemoteTransport({ clock: realClock })
    return {
      transport,
      target: listener.address,
      nowhere: closed.address,
      stop: async () => {
        await transport.close()
        await listener.close({ graceMs: 0 })
      },
    }
  },
})
