import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { PublicPort, type Receiver } from './public-port.ts'

/** A process that keeps what it is dealt, by id. */
class Hand implements Receiver {
  readonly cards = new Map<number, Socket>()

  deal(id: number, socket: Socket): void {
    this.cards.set(id, socket)
  }

  get ids(): readonly number[] {
    return [...this.cards.keys()]
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** A port, and a way to connect to it `count` times. */
async function openPort(
  t: Test,
): Promise<{ port: PublicPort; clients: (count: number) => Promise<Socket[]> }> {
  const port = await PublicPort.listen({ host: '127.0.0.1', port: 0 })
  const all: Socket[] = []
  t.teardown(() => {
    port.close()
    for (const socket of all) socket.destroy()
  })
  const clients = async (count: number): Promise<Socket[]> => {
    const sockets = Array.from({ length: count }, () => connect(port.address.port, '127.0.0.1'))
    all.push(...sockets)
    await Promise.all(
      sockets.map((socket) =>
        once(
          socket.on('error', () => {}),
          'connect',
        ),
      ),
    )
    return sockets
  }
  return { port, clients }
}

t.test('connections are dealt in turn', async (t) => {
  const { port, clients } = await openPort(t)
  const hands = [new Hand(), new Hand(), new Hand()]
  for (const hand of hands) port.addReceiver(hand)
  await clients(6)
  await until(() => hands.every((hand) => hand.cards.size === 2))
  t.equal(port.waiting, 6, 'nobody has taken any yet')
})

t.test('connections wait until there is a process', async (t) => {
  const { port, clients } = await openPort(t)
  await clients(3)
  await until(() => port.waiting === 3)
  const hand = new Hand()
  port.addReceiver(hand)
  t.equal(hand.cards.size, 3)
})

t.test('a process that does not take what it is dealt gets no more', async (t) => {
  const { port, clients } = await openPort(t)
  const [stuck, quick] = [new Hand(), new Hand()]
  port.addReceiver(stuck)
  port.addReceiver(quick)
  quick.deal = (id) => port.taken(id)
  await clients(40)
  await until(() => port.waiting === 4)
  t.equal(stuck.cards.size, 4)
})

t.test('what a dying process had not taken goes to another', async (t) => {
  const { port, clients } = await openPort(t)
  const dying = new Hand()
  port.addReceiver(dying)
  await clients(3)
  await until(() => dying.cards.size === 3)
  const [first = 0, ...rest] = dying.ids
  port.taken(first)
  const next = new Hand()
  port.addReceiver(next)
  port.lost(dying)
  t.same([...next.cards.values()], rest.map((id) => dying.cards.get(id)).toReversed())
})

t.test('a retired process keeps what it has and gets nothing new', async (t) => {
  const { port, clients } = await openPort(t)
  const hand = new Hand()
  port.addReceiver(hand)
  await clients(1)
  await until(() => hand.cards.size === 1)
  port.retire(hand)
  await clients(1)
  await until(() => port.waiting === 2)
  t.equal(hand.cards.size, 1)
})

t.test('closing the port closes what nobody took, and says so to the client', async (t) => {
  const { port, clients } = await openPort(t)
  const [client] = await clients(1)
  await until(() => port.waiting === 1)
  const closed = once(client as Socket, 'close')
  port.close()
  await closed
})

t.test('a port in use is refused', async (t) => {
  const { port } = await openPort(t)
  await t.rejects(PublicPort.listen(port.address), { code: 'EADDRINUSE' })
})
