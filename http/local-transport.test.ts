import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { LocalTransport } from './local-transport.ts'
import { MemoryTransport } from './memory-transport.ts'
import { ownRequest } from './message.ts'
import { transportContract } from './transport-contract.ts'

const target = { host: '127.0.0.1', port: 6200 }
const nowhere = { host: '127.0.0.1', port: 6201 }

transportContract({
  name: 'local transport',
  start: async (handler) => {
    const inner = new MemoryTransport({ clock: realClock, log: silentLogger })
    const transport = new LocalTransport({ inner, clock: realClock, log: silentLogger })
    transport.register(target, handler)
    return { transport, target, nowhere, stop: () => transport.close() }
  },
})

const request = ownRequest({ method: 'GET', path: '/' })
const patience = { connectTimeoutMs: 1000, responseTimeoutMs: 1000 }

void t.test('an address of another process goes to the transport behind', async (t) => {
  const inner = new MemoryTransport({ clock: realClock, log: silentLogger })
  inner.register(nowhere, async () => ({ status: 201, headers: {}, body: undefined }))
  const transport = new LocalTransport({ inner, clock: realClock, log: silentLogger })
  transport.register(target, async () => ({ status: 202, headers: {}, body: undefined }))
  t.equal((await transport.send(target, request, patience)).status, 202)
  t.equal((await transport.send(nowhere, request, patience)).status, 201)
  t.ok(transport.isLocal(target))
  t.notOk(transport.isLocal(nowhere))
  transport.unregister(target)
  await t.rejects(transport.send(target, request, patience), { code: 'CONNECT_FAILED' })
})
