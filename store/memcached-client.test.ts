/** Against a server in memory that fails on demand; the real memcached is met in `test/cluster/memcached.test.ts`. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Connect, ConnectionEvents } from '#http/tcp-client.ts'
import { MemcachedClient } from './memcached-client.ts'

type Behaviour = 'well' | 'silent' | 'refuses' | 'babbles'

/** One memcached that knows `get`, `set` and `add`, without expiry. */
class MemcachedTwin {
  readonly items = new Map<string, { readonly flags: string; readonly value: string }>()
  behaviour: Behaviour = 'well'
  connections = 0
  commands = 0

  readonly connect: Connect = (_target, events) => {
    this.connections += 1
    queueMicrotask(() =>
      this.behaviour === 'refuses' ? events.closed(new Error('refused')) : events.connected(),
    )
    return { send: (bytes) => this.#serve(String(bytes), events), destroy: () => {} }
  }

  #serve(command: string, events: ConnectionEvents): void {
    this.commands += 1
    if (this.behaviour === 'silent' || this.behaviour === 'refuses') return
    const reply = this.behaviour === 'babbles' ? 'huh\r\n' : this.#replyTo(command)
    queueMicrotask(() => events.received(Buffer.from(reply)))
  }

  #replyTo(command: string): string {
    const [head = '', value = ''] = command.split('\r\n')
    const [verb = '', key = '', flags = ''] = head.split(' ')
    const item = this.items.get(key)
    if (verb === 'get') {
      return item === undefined
        ? 'END\r\n'
        : `VALUE ${key} ${item.flags} ${item.value.length}\r\n${item.value}\r\nEND\r\n`
    }
    if (verb === 'add' && item !== undefined) return 'NOT_STORED\r\n'
    this.items.set(key, { flags, value })
    return 'STORED\r\n'
  }
}

function start(count = 1): { twins: readonly MemcachedTwin[]; clock: VirtualClock; client: MemcachedClient } {
  const twins = Array.from({ length: count }, () => new MemcachedTwin())
  const clock = new VirtualClock()
  const client = new MemcachedClient({
    servers: twins.map((_, at) => ({ host: 'cache', port: at })),
    connect: (target, events) => (twins[target.port] as MemcachedTwin).connect(target, events),
    clock,
    log: silentLogger,
  })
  return { twins, clock, client }
}

t.test('what was added is there until it is forgotten, and cannot be added again for a while', async (t) => {
  const { client } = start()
  t.equal(await client.get('container/a/c'), undefined)
  await client.add('container/a/c', '{"kind":"exists"}', 60)
  await client.add('container/a/c', 'late', 60)
  t.equal(await client.get('container/a/c'), '{"kind":"exists"}')
  await client.forget('container/a/c')
  t.equal(await client.get('container/a/c'), undefined)
  await client.add('container/a/c', 'from a read that began before', 60)
  t.equal(await client.get('container/a/c'), undefined)
})

t.test('a silent server is given up in a third of a second, and left alone for a while', async (t) => {
  const { twins, clock, client } = start()
  const [twin] = twins as [MemcachedTwin]
  twin.behaviour = 'silent'
  const read = client.get('key')
  await clock.advance(300)
  t.equal(await read, undefined)
  t.equal(await client.get('key'), undefined)
  t.equal(twin.commands, 1, 'nothing is sent while it rests')
  twin.behaviour = 'well'
  await clock.advance(500)
  await client.add('key', 'value', 60)
  t.equal(await client.get('key'), 'value')
})

t.test('a server that refuses or breaks the protocol is a cache that knows nothing', async (t) => {
  for (const behaviour of ['refuses', 'babbles'] as const) {
    const { twins, client } = start()
    for (const twin of twins) twin.behaviour = behaviour
    t.equal(await client.get('key'), undefined)
    await client.add('key', 'value', 60)
    await client.forget('key')
  }
})

t.test('keys are dealt out over all servers, and losing one moves only its own', async (t) => {
  const { twins, client } = start(4)
  for (let at = 0; at < 400; at += 1) await client.add(`key-${at}`, String(at), 60)
  for (const twin of twins) t.ok(twin.items.size > 30, `${twin.items.size} of 400 keys`)
  const [first] = twins as [MemcachedTwin]
  const lost = first.items.size
  first.behaviour = 'refuses'
  client.close()
  let found = 0
  for (let at = 0; at < 400; at += 1) if ((await client.get(`key-${at}`)) === String(at)) found += 1
  t.equal(found, 400 - lost)
})

t.test('what is too large for memcached is not sent', async (t) => {
  const { twins, client } = start()
  await client.add('key', 'x'.repeat(1_000_000), 60)
  t.equal(twins[0]?.items.size, 0)
})
