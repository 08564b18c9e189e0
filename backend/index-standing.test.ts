/** What a device says of databases that are not its own, or that it was away from for too long. */
import t from 'tap'
import { REPLICA_STATE_HEADER } from '#base/extensions.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Handler } from '#http/message.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { textAnswer } from './answers.ts'
import { answerByIndexStanding, speaksBy } from './index-standing.ts'
import { ReplicaStates } from './replica-state.ts'
import { SyncLedger } from './sync-ledger.ts'
import { sendTo } from './test-twins.ts'

const SALT = { prefix: '', suffix: 'test' }
const DAY_MS = 86_400_000

async function start(kv = new MemoryKv(), clock = new VirtualClock()) {
  const store = await kv.open('/d')
  const states = await ReplicaStates.open(store, {
    clock,
    keyPrefix: Buffer.from('s'),
    newDevice: 'part_of_new_cluster',
    salt: SALT,
  })
  const ledger = await SyncLedger.open(store, {
    clock,
    keyPrefix: Buffer.from('l'),
    states,
    unknownDevice: 'new',
  })
  const served: Handler = async () => textAnswer(200, 'served')
  const send = sendTo(answerByIndexStanding({ kept: 'container', ledger, salt: SALT })(served))
  return { kv, clock, ledger, send }
}

t.test('a device that knows of no ring yet, and is not away, says nothing of its own', async (t) => {
  const { send } = await start()
  t.equal((await send('GET', '/a/c')).headers[REPLICA_STATE_HEADER], undefined)
})

t.test('what the ring gives to others proves nothing, and is served', async (t) => {
  const { ledger, send } = await start()
  await ledger.own(0, [])
  const response = await send('GET', '/a/c')
  t.equal(response.status, 200)
  t.equal(response.headers[REPLICA_STATE_HEADER], 'joining')
  await ledger.own(0, [0])
  t.equal((await send('GET', '/a/other')).headers[REPLICA_STATE_HEADER], undefined)
})

t.test('who owns a container speaks for it, unless it may have been deleted long ago', async (t) => {
  const before = await start()
  const container = { account: 'a', container: 'c' }
  t.equal(speaksBy(before.ledger, SALT)(container), true, 'as long as no ring is known')
  await before.ledger.own(0, [])
  t.equal(speaksBy(before.ledger, SALT)(container), false)
  await before.ledger.own(0, [0])
  t.equal(speaksBy(before.ledger, SALT)(container), true)
  await before.clock.advance(30 * DAY_MS)
  await before.kv.crash()
  const { ledger } = await start(before.kv, before.clock)
  t.equal(speaksBy(ledger, SALT)(container), false)
})

t.test('what may have been deleted long ago is not shown, but takes writes', async (t) => {
  const before = await start()
  await before.ledger.own(0, [0])
  await before.clock.advance(30 * DAY_MS)
  await before.kv.crash()
  const { send } = await start(before.kv, before.clock)
  for (const method of ['GET', 'HEAD']) {
    const response = await send(method, '/a/c')
    t.equal(response.status, 404)
    t.equal(response.headers[REPLICA_STATE_HEADER], 'joining')
  }
  const written = await send('PUT', '/a/c/o')
  t.equal(written.status, 200)
  t.equal(written.headers[REPLICA_STATE_HEADER], 'joining')
})
