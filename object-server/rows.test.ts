/** What container servers are told, when, and what becomes of it when they cannot be told. */
import t from 'tap'
import { NO_STAMP } from '#backend/sync-stamp.ts'
import { silentLogger } from '#base/log.ts'
import type { ContainerUpdate } from './container-update.ts'
import { comparedText, EMPTY_STATE } from './object-state.ts'
import { PendingRows, type PendingStats } from './pending-rows.ts'
import { type RowStanding, standingOfRow } from './row-standing.ts'
import { at, OBJECT_PATH, put, send, startTestServer, type TestServer } from './test-server.ts'

const ONE = '10.0.0.1:6201'
const TWO = '10.0.0.2:6201'
const ROUTING = { 'x-container-partition': '7', 'x-container-host': ONE, 'x-container-device': 'sdb' }
const BOTH = { ...ROUTING, 'x-container-host': `${ONE}, ${TWO}`, 'x-container-device': 'sdb, sdc' }

async function withServer(body: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer()
  await body(server)
  await server.device.close()
}

async function queued(server: TestServer): Promise<readonly ContainerUpdate[]> {
  return (await server.device.engine(0)?.updates.list(100)) ?? []
}

function deliver(server: TestServer, isClockInDoubt = (): boolean => false): Promise<PendingStats> {
  const { sender, clock } = server
  const placement = (): { partition: string; targets: { host: string; device: string }[] } => {
    return {
      partition: '7',
      targets: [ONE, TWO].map((host, at) => ({ host, device: at === 0 ? 'sdb' : 'sdc' })),
    }
  }
  const standing = (update: ContainerUpdate): Promise<RowStanding> =>
    standingOfRow(server.device, update, async () => [])
  const pending = new PendingRows({ sender, placement, clock, log: silentLogger, standing, isClockInDoubt })
  return pending.runOnce([...server.device.engines].map(([, engine]) => engine.updates))
}

await t.test('a PUT tells its row, and the answer says that it is applied', (t) =>
  withServer(async (server) => {
    const created = await put(server, 1, 'hello', { ...ROUTING, 'x-trans-id': 'tx1' })
    t.match(created.headers, {
      'x-backend-container-update': 'applied',
      'x-backend-container-update-applied': `${ONE}/sdb`,
      'x-backend-container-update-queued': '',
    })
    t.match(server.containers.rows, [
      {
        host: ONE,
        method: 'PUT',
        path: '/sdb/7/a/c/o',
        headers: {
          'x-timestamp': at(1),
          'x-size': '5',
          'x-content-type': 'text/plain',
          'x-etag': '5d41402abc4b2a76b9719d911017c592',
          'x-backend-storage-policy-index': '0',
          'x-trans-id': 'tx1',
        },
      },
    ])
    t.same(await queued(server), [])
  }),
)

await t.test('a row goes to every container server named, and whoever lacks it is queued', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(TWO, 'down')
    const created = await put(server, 1, 'x', BOTH)
    t.match(created.headers, {
      'x-backend-container-update': 'queued',
      'x-backend-container-update-applied': `${ONE}/sdb`,
      'x-backend-container-update-queued': `${TWO}/sdc`,
    })
    t.match(await queued(server), [{ object: 'o', targets: [{ host: TWO, device: 'sdc' }] }])
    t.equal(await server.device.pendingRows(), 1)
    t.match(await deliver(server), { delivered: 0, waiting: 1 })
    server.containers.hosts.delete(TWO)
    t.match(await deliver(server), { delivered: 0, waiting: 1 }, 'its time has not come')
    await server.clock.advance(3000)
    t.match(await deliver(server), { delivered: 1, waiting: 0 })
    t.equal(server.containers.rows.filter((row) => row.host === TWO).length, 1)
    t.same(await queued(server), [])
  }),
)

await t.test('a row that was put off by a clock that was ahead does not wait for that time', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(TWO, 'down')
    await put(server, 1, 'x', BOTH)
    server.clock.jumpWall(7 * 86_400_000)
    t.match(await deliver(server), { delivered: 0, waiting: 1 })
    server.clock.jumpWall(-7 * 86_400_000)
    server.containers.hosts.delete(TWO)
    t.match(await deliver(server), { delivered: 1, waiting: 0 })
  }),
)

await t.test(
  'by a clock in doubt no row is given up, and none is told that its object does not bear out',
  (t) =>
    withServer(async (server) => {
      server.containers.hosts.set(TWO, 'down')
      await put(server, 1, 'deleted since', BOTH)
      await send(server, 'DELETE', { headers: { 'x-timestamp': at(2), ...ROUTING } })
      await put(server, 1, 'still there', BOTH, '/sda/0/a/c/still')
      server.clock.jumpWall(8 * 86_400_000)
      server.containers.hosts.delete(TWO)
      server.containers.rows.length = 0
      t.match(await deliver(server, () => true), { delivered: 1, waiting: 1, dropped: 0 })
      t.same(
        server.containers.rows.map(({ path }) => path),
        ['/sdc/7/a/c/still'],
      )
      await server.clock.advance(120_000)
      t.match(await deliver(server), { delivered: 0, waiting: 0, dropped: 1 }, 'believed again: as before')
      t.same(await queued(server), [])
    }),
)

await t.test('refused rows stay queued, whatever the refusal', (t) =>
  withServer(async (server) => {
    for (const [second, status] of [404, 500, 503, 507].entries()) {
      server.containers.hosts.set(ONE, status)
      const created = await put(server, second + 1, 'x', ROUTING)
      t.equal(created.status, 201)
      t.equal(created.headers['x-backend-container-update'], 'queued')
    }
    t.equal((await queued(server)).length, 4)
    server.containers.hosts.delete(ONE)
    t.match(await deliver(server), { delivered: 1, superseded: 3, waiting: 0 })
    const [row] = server.containers.rows.slice(-1)
    t.equal(row?.headers['x-timestamp'], at(4), 'only the newest is told')
  }),
)

await t.test('a deletion is told beside a later POST of what it deleted', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(ONE, 'down')
    await put(server, 1, 'x', ROUTING)
    await send(server, 'POST', { headers: { 'x-timestamp': at(3), ...ROUTING } })
    await send(server, 'DELETE', { headers: { 'x-timestamp': at(2), ...ROUTING } })
    server.containers.hosts.delete(ONE)
    t.match(await deliver(server), { delivered: 2, superseded: 1, waiting: 0 })
    const told = server.containers.rows.map(({ method, headers }) => `${method} ${headers['x-timestamp']}`)
    t.same(told.toSorted(), [`DELETE ${at(2)}`, `PUT ${at(1)}`])
  }),
)

await t.test('an answer does not wait longer than a moment for a silent container server', async (t) => {
  const server = await startTestServer()
  server.containers.hosts.set(ONE, 'silent')
  const answer = put(server, 1, 'x', ROUTING)
  while ((await queued(server)).length === 0) await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setTimeout(resolve, 5))
  await server.clock.advance(1001)
  t.match(await answer, { status: 201, headers: { 'x-backend-container-update': 'queued' } })
  await server.device.close()
})

await t.test('without container servers there is no row and no word of it', (t) =>
  withServer(async (server) => {
    const created = await put(server, 1, 'x')
    t.notOk('x-backend-container-update' in created.headers)
    const uneven = { ...BOTH, 'x-container-device': 'sdb' }
    t.equal((await put(server, 2, 'x', uneven)).status, 201)
    t.same(server.containers.rows, [])
    t.same(await queued(server), [])
  }),
)

await t.test('a row for nobody in particular goes to whom the ring names', (t) =>
  withServer(async (server) => {
    const nobody = { 'x-container-partition': '7', 'x-container-host': '', 'x-container-device': '' }
    t.equal((await put(server, 1, 'x', nobody)).headers['x-backend-container-update'], 'queued')
    t.match(await deliver(server), { delivered: 1 })
    t.same(server.containers.rows.map((row) => row.host).toSorted(), [ONE, TWO])
  }),
)

await t.test('POST and DELETE tell the row of what is there now', (t) =>
  withServer(async (server) => {
    await put(server, 1, 'hello', { 'content-type': 'app/x;swift_bytes=99' })
    const post = { 'x-timestamp': at(2), 'content-type': 'text/new', ...ROUTING }
    t.equal((await send(server, 'POST', { headers: post })).headers['x-backend-container-update'], 'applied')
    await send(server, 'DELETE', { headers: { 'x-timestamp': at(3), ...ROUTING } })
    t.match(server.containers.rows, [
      {
        method: 'PUT',
        headers: {
          'x-timestamp': at(1),
          'x-size': '5',
          'x-etag': '5d41402abc4b2a76b9719d911017c592',
          'x-content-type': 'text/new;swift_bytes=99',
          'x-content-type-timestamp': at(2),
          'x-meta-timestamp': at(2),
        },
      },
      { method: 'DELETE', path: '/sdb/7/a/c/o', headers: { 'x-timestamp': at(3) } },
    ])
  }),
)

await t.test('overrides replace fields of the row; stored ones stay in force for POSTs', (t) =>
  withServer(async (server) => {
    await put(server, 1, 'x', {
      ...ROUTING,
      'x-backend-container-update-override-size': '1000',
      'x-backend-container-update-override-etag': 'backend',
      'x-object-sysmeta-container-update-override-etag': 'sysmeta',
    })
    await send(server, 'POST', { headers: { 'x-timestamp': at(2), ...ROUTING } })
    t.match(server.containers.rows, [
      { headers: { 'x-size': '1000', 'x-etag': 'sysmeta', 'x-content-type': 'text/plain' } },
      { headers: { 'x-size': '1', 'x-etag': 'sysmeta' } },
    ])
  }),
)

await t.test('the row goes to another container when the proxy says so', (t) =>
  withServer(async (server) => {
    await put(server, 1, 'x', { ...ROUTING, 'x-backend-container-path': '.shards_a/c-1' })
    await put(server, 2, 'x', {
      ...ROUTING,
      'x-backend-quoted-container-path': '.shards_a/c%2D2',
      'x-container-root-db-state': 'sharded',
    })
    await put(server, 3, 'x', { ...ROUTING, 'x-backend-container-path': 'nonsense' })
    t.same(
      server.containers.rows.map((row) => row.path),
      ['/sdb/7/.shards_a/c-1/o', '/sdb/7/.shards_a/c-2/o', '/sdb/7/a/c/o'],
    )
  }),
)

await t.test('policy and belief about the container travel with the row', (t) =>
  withServer(async (server) => {
    const belief = { 'x-backend-martlet-status-changed-at': at(0) }
    const silver = { 'x-backend-storage-policy-index': '1' }
    t.equal((await put(server, 1, 'x', { ...ROUTING, ...silver, ...belief })).status, 201)
    t.match(server.containers.rows[0]?.headers, { ...silver, ...belief })
  }),
)

await t.test('an object that expires is put on the work list of the expirer', (t) =>
  withServer(async (server) => {
    const delete1 = {
      'x-delete-at': '1700000100',
      'x-delete-at-container': '1699999990',
      'x-delete-at-partition': '3',
      'x-delete-at-host': TWO,
      'x-delete-at-device': 'sdx',
    }
    await put(server, 1, 'x', { ...ROUTING, ...delete1 })
    t.match(server.containers.rows, [
      { path: '/sdb/7/a/c/o' },
      {
        host: TWO,
        method: 'PUT',
        path: '/sdx/3/.expiring_objects/1699999990/1700000100-a/c/o',
        headers: {
          'x-size': '0',
          'x-content-type': 'text/plain',
          'x-etag': 'd41d8cd98f00b204e9800998ecf8427e',
          'x-timestamp': at(1),
          'x-backend-storage-policy-index': '0',
        },
      },
    ])
    await put(server, 2, 'y')
    const [removal] = await queued(server)
    t.match(removal, {
      method: 'DELETE',
      account: '.expiring_objects',
      object: '1700000100-a/c/o',
      headers: { 'x-timestamp': at(2) },
    })
    t.match(removal?.container, /^\d{10}$/)
    t.equal((await queued(server)).length, 1)
  }),
)

await t.test('the work list is left alone for replicas and when the expirer cleans it itself', (t) =>
  withServer(async (server) => {
    const expiring = { 'x-delete-at': '1700000100', 'x-delete-at-host': TWO, 'x-delete-at-partition': '3' }
    await put(server, 1, 'x', { ...expiring, 'x-backend-replication': 'true' })
    t.same(await queued(server), [])
    const headers = { 'x-timestamp': at(2), 'x-backend-clean-expiring-object-queue': 'false' }
    await send(server, 'DELETE', { headers })
    t.same(await queued(server), [])
    await put(server, 3, 'x', { 'x-delete-at': '1700000100' })
    t.same(await queued(server), [], 'another replica was asked to do it')
  }),
)

await t.test('an old row is told while its object is here, and dropped when it is not', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(ONE, 'down')
    await put(server, 1, 'x', ROUTING)
    await put(server, 1, 'x', ROUTING, `${OBJECT_PATH}2`)
    await put(server, 1, 'x', ROUTING, `${OBJECT_PATH}3`)
    const replica = server.device.replica(0)
    const hash = replica?.hashOf('/a/c/o2') ?? ''
    const known = await replica?.states([hash])
    const [stated] = known === undefined || 'kind' in known ? [] : known
    await replica?.forget(hash, comparedText(stated?.state ?? EMPTY_STATE), 'remove')
    await send(server, 'DELETE', { path: `${OBJECT_PATH}3`, headers: { ...ROUTING, 'x-timestamp': at(2) } })
    await server.clock.advance(8 * 86_400_000)
    server.containers.hosts.delete(ONE)
    server.containers.rows.length = 0
    t.match(await deliver(server), { delivered: 2, superseded: 1, dropped: 1, waiting: 0 })
    const told = server.containers.rows.map(({ method, path }) => `${method} ${path}`)
    t.same(told.toSorted(), ['DELETE /sdb/7/a/c/o3', 'PUT /sdb/7/a/c/o'])
  }),
)

await t.test('an old row waits while the device may have missed deletes', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(ONE, 'down')
    await put(server, 1, 'x', ROUTING)
    await server.clock.advance(8 * 86_400_000)
    server.containers.hosts.delete(ONE)
    const range = { partPower: 0, partition: 0 }
    const stale = { ...NO_STAMP, touchedMs: 1, stale: true }
    await server.device.ledger(0)?.write([{ range, stamp: stale }])
    t.match(await deliver(server), { delivered: 0, dropped: 0, waiting: 1 })
    await server.device.ledger(0)?.write([{ range, stamp: { ...stale, stale: false } }])
    await server.clock.advance(60_000)
    t.match(await deliver(server), { delivered: 1, waiting: 0 })
  }),
)

await t.test('an old row that nobody takes for days is dropped, and said to be', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(ONE, 'down')
    await put(server, 1, 'x', ROUTING)
    const queue = server.device.engine(0)?.updates
    const [row] = await queued(server)
    await queue?.settle([], [{ ...(row as ContainerUpdate), attempts: 1500 }])
    t.match(await deliver(server), { dropped: 0, waiting: 1 })
    await server.clock.advance(8 * 86_400_000)
    t.match(await deliver(server), { dropped: 1, waiting: 0 })
    t.same(await queued(server), [])
  }),
)

for (const batches of [false, true]) {
  await t.test('an old deletion is over where nobody knows the container any more', (t) =>
    withServer(async (server) => {
      server.containers.batches = batches
      server.containers.hosts.set(ONE, batches ? 201 : 404)
      server.containers.batchStatuses = [404, 404]
      if (batches) await put(server, 1, 'x', ROUTING)
      server.containers.hosts.set(ONE, 'down')
      for (const path of [`${OBJECT_PATH}1`, `${OBJECT_PATH}2`])
        await send(server, 'DELETE', { path, headers: { ...ROUTING, 'x-timestamp': at(2) } })
      server.containers.hosts.set(ONE, batches ? 201 : 404)
      await server.clock.advance(300_000)
      t.match(await deliver(server), { delivered: 0, waiting: 2 }, 'it may be made yet')
      await server.clock.advance(8 * 86_400_000)
      t.match(await deliver(server, () => true), { waiting: 2 }, 'by a clock in doubt nothing is old')
      await server.clock.advance(300_000)
      t.match(await deliver(server), { delivered: 2, waiting: 0 })
    }),
  )
}

await t.test('rows that wait are told in batches to a server that takes them', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(ONE, 'down')
    for (let n = 0; n < 20; n += 1) await put(server, 1, 'x', ROUTING, `${OBJECT_PATH}${n}`)
    server.containers.hosts.delete(ONE)
    server.containers.batches = true
    await put(server, 1, 'x', ROUTING)
    server.containers.rows.length = 0
    t.match(await deliver(server), { delivered: 20, waiting: 0, oldestSeconds: 0 })
    t.match(server.containers.rows, [{ method: 'UPDATE', path: '/sdb' }])
  }),
)

await t.test('a server that takes only part of a batch gets the rest later', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(ONE, 'down')
    for (let n = 0; n < 3; n += 1) await put(server, 1, 'x', ROUTING, `${OBJECT_PATH}${n}`)
    server.containers.hosts.delete(ONE)
    server.containers.batches = true
    await put(server, 1, 'x', ROUTING)
    server.containers.batchStatuses = [202, 404]
    t.match(await deliver(server), { delivered: 1, waiting: 2 })
    server.containers.batchStatuses = undefined
    await server.clock.advance(10_000)
    t.match(await deliver(server), { delivered: 2, waiting: 0 })
  }),
)

await t.test('a queue longer than a page is passed through to its end', (t) =>
  withServer(async (server) => {
    const engine = server.device.engine(0)
    const update = (n: number): ContainerUpdate => {
      const row = { method: 'PUT' as const, account: 'a', container: `c${n % 7}`, object: `o${n}` }
      const headers = { 'x-size': '1', 'x-etag': 'e', 'x-content-type': 't', 'x-timestamp': at(1) }
      const timestamp = at(1) as ContainerUpdate['timestamp']
      return { ...row, timestamp, headers, targets: [], partition: undefined, attempts: 0, notBeforeMs: 0 }
    }
    await engine?.updates.settle(
      [],
      Array.from({ length: 1234 }, (_, n) => update(n)),
    )
    t.match(await deliver(server), { delivered: 1234, waiting: 0 })
    t.equal(server.containers.rows.length, 2 * 1234)
  }),
)

await t.test('a newer row that is held back takes over whom an older one was for', (t) =>
  withServer(async (server) => {
    server.containers.hosts.set(ONE, 'down').set(TWO, 'down')
    await put(server, 1, 'x', { ...BOTH, 'x-container-host': ONE, 'x-container-device': 'sdb' })
    await put(server, 2, 'y', { ...BOTH, 'x-container-host': TWO, 'x-container-device': 'sdc' })
    t.match(await deliver(server), { superseded: 1, waiting: 1 })
    await put(server, 1, 'x', { ...ROUTING, 'x-backend-replication': 'true' })
    const engine = server.device.engine(0)
    const [standing] = await queued(server)
    await engine?.updates.settle(
      [],
      [{ ...(standing as ContainerUpdate), timestamp: at(1) as never, notBeforeMs: 0 }],
    )
    t.match(await deliver(server), { superseded: 1, waiting: 1 })
    t.equal((await queued(server))[0]?.targets.length, 2)
  }),
)

await t.test('what a container says about its policy is passed on to the proxy', (t) =>
  withServer(async (server) => {
    server.containers.answerHeaders = {
      'x-backend-martlet-row': 'misplaced',
      'x-backend-storage-policy-index': '1',
      'x-backend-martlet-status-changed-at': at(9),
    }
    t.match((await put(server, 1, 'x', ROUTING)).headers, server.containers.answerHeaders)
  }),
)
