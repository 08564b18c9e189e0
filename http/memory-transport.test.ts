import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { type Fault, MemoryTransport } from './memory-transport.ts'
import { type BodyError, bufferBody, type Handler, ownRequest, readWhole } from './message.ts'
import { transportContract } from './transport-contract.ts'

const target = { host: 'node-1', port: 6200 }
const nowhere = { host: 'node-2', port: 6200 }

transportContract({
  name: 'memory transport',
  start: async (handler) => {
    const transport = new MemoryTransport({ clock: realClock, log: silentLogger })
    transport.register(target, handler)
    return { transport, target, nowhere, stop: () => transport.close() }
  },
})

// The clock's timers do not keep a process alive.
const alive = setInterval(() => {}, 1000)
t.teardown(() => clearInterval(alive))

const request = ownRequest({ method: 'PUT', path: '/', body: bufferBody(Buffer.from('0123456789')) })
const hasty = { connectTimeoutMs: 20, responseTimeoutMs: 20 }

/** A transport with one fault, and a count of what reached the handler. */
function faulty(fault: Fault): { readonly transport: MemoryTransport; readonly seen: string[] } {
  const seen: string[] = []
  const handler: Handler = async (arrived) => {
    const text = await readWhole(arrived.body, 100).then(String, (error: BodyError) => error.code)
    seen.push(text)
    return { status: 200, headers: {}, body: Buffer.from('abcdefghij') }
  }
  const transport = new MemoryTransport({ clock: realClock, log: silentLogger, faults: () => fault })
  transport.register(target, handler)
  return { transport, seen }
}

void t.test('a refused connection fails and reaches nobody', async (t) => {
  const { transport, seen } = faulty({ kind: 'refuse' })
  await t.rejects(transport.send(target, request, hasty), { code: 'CONNECT_FAILED' })
  t.same(seen, [])
})

void t.test('an unreachable host costs the connection timeout', async (t) => {
  const { transport, seen } = faulty({ kind: 'unreachable' })
  await t.rejects(transport.send(target, request, hasty), { code: 'CONNECT_TIMEOUT' })
  t.same(seen, [])
})

void t.test('a hanging server costs the response timeout', async (t) => {
  const { transport, seen } = faulty({ kind: 'hang' })
  await t.rejects(transport.send(target, request, hasty), { code: 'RESPONSE_TIMEOUT' })
  t.same(seen, [])
})

void t.test('a dropped answer leaves the work done', async (t) => {
  const { transport, seen } = faulty({ kind: 'drop_answer' })
  await t.rejects(transport.send(target, request, hasty), { code: 'CONNECTION_LOST' })
  t.same(seen, ['0123456789'])
})

void t.test('a dropped body gives its first bytes, then fails', async (t) => {
  const { transport } = faulty({ kind: 'drop_body', afterBytes: 4 })
  const response = await transport.send(target, request, hasty)
  let got = ''
  const reading = async (): Promise<void> => {
    if (response.body === undefined || Buffer.isBuffer(response.body)) throw new Error('not a stream')
    for await (const chunk of response.body) got += chunk.toString()
  }
  await t.rejects(reading(), { code: 'CONNECTION_LOST' })
  t.equal(got, 'abcd')
})

void t.test('a dropped request looks to the handler like a client that went away', async (t) => {
  const { transport, seen } = faulty({ kind: 'drop_request', afterBytes: 4 })
  await t.rejects(transport.send(target, request, hasty), { code: 'CONNECTION_LOST' })
  t.same(seen, ['SENDER_GONE'])
})

void t.test('faults can be injected and lifted while it runs', async (t) => {
  const { transport } = faulty({ kind: 'refuse' })
  await t.rejects(transport.send(target, request, hasty), { code: 'CONNECT_FAILED' })
  transport.inject(() => undefined)
  t.equal((await transport.send(target, request, hasty)).status, 200)
})
