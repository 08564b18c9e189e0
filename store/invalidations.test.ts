import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import { bufferBody, ownRequest, type Response } from '#http/message.ts'
import { INVALIDATIONS_PATH, invalidationHandler, PeerInvalidations, type Stale } from './invalidations.ts'

const PEERS = [1, 2, 3].map((port) => ({ host: 'peer', port }))

function start(): { clock: VirtualClock; network: MemoryTransport; invalidations: PeerInvalidations } {
  const clock = new VirtualClock()
  const network = new MemoryTransport({ clock, log: silentLogger })
  const invalidations = new PeerInvalidations({
    transport: network,
    clock,
    log: silentLogger,
    peers: () => PEERS,
  })
  return { clock, network, invalidations }
}

t.test('all peers forget before the announcement is over', async (t) => {
  const { network, invalidations } = start()
  const forgotten: Stale[] = []
  for (const peer of PEERS)
    network.register(
      peer,
      invalidationHandler((stale) => forgotten.push(stale)),
    )
  await invalidations.announce({ account: 'a', container: 'c' })
  await invalidations.announce({ account: 'b' })
  t.same(forgotten, [...Array(3).fill({ account: 'a', container: 'c' }), ...Array(3).fill({ account: 'b' })])
})

t.test(
  'a peer that is dead or hangs delays an announcement by less than a second, and fails nothing',
  async (t) => {
    const { clock, network, invalidations } = start()
    network.register(PEERS[0] as never, () => new Promise<never>(() => {}))
    const announcing = invalidations.announce({ account: 'a' })
    let over = false
    void announcing.then(() => (over = true))
    await clock.advance(1000)
    t.ok(over)
    await invalidations.announce({ account: 'a' })
    t.pass('nobody waits for them the next time')
  },
)

t.test('only well-formed announcements are taken', async (t) => {
  const forgotten: Stale[] = []
  const handler = invalidationHandler((stale) => forgotten.push(stale))
  const post = async (body: string, path = INVALIDATIONS_PATH, method = 'POST'): Promise<Response> =>
    await handler(ownRequest({ method, path, body: bufferBody(Buffer.from(body)) }))
  for (const bad of [
    '',
    '{}',
    '[1]',
    '[{}]',
    '[{"account":1}]',
    '[{"account":"a","container":1}]',
    '[null]',
  ]) {
    t.equal((await post(bad)).status, 400)
  }
  t.equal((await post('[]', '/elsewhere')).status, 404)
  t.equal((await post('[]', INVALIDATIONS_PATH, 'GET')).status, 405)
  t.same(forgotten, [])
  t.equal((await post('[{"account":"a"},{"account":"a","container":"c"}]')).status, 204)
  t.same(forgotten, [{ account: 'a' }, { account: 'a', container: 'c' }])
})
