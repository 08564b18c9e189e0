import t from 'tap'
import { silentLogger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { ContainerUpdate } from './container-update.ts'
import { RowBatches } from './row-batches.ts'
import { RowSender } from './row-sender.ts'
import { at, TestContainerServers } from './test-server.ts'

const TARGET = { host: '10.0.0.1:6201', device: 'sdb' }

function row(object: string): ContainerUpdate {
  const headers = { 'x-size': '1', 'x-etag': 'e', 'x-content-type': 't', 'x-timestamp': at(1) }
  const name = { account: 'a', container: 'c', object }
  const schedule = { targets: [TARGET], partition: '7', attempts: 0, notBeforeMs: 0 }
  return { method: 'PUT', ...name, timestamp: at(1) as Timestamp, headers, ...schedule }
}

/** Servers that take batches, and have said so. */
async function started(): Promise<{ servers: TestContainerServers; batches: RowBatches }> {
  const servers = new TestContainerServers()
  servers.batches = true
  const batches = new RowBatches(new RowSender({ transport: servers, log: silentLogger }))
  await batches.send(row('first'), TARGET)
  servers.rows.length = 0
  return { servers, batches }
}

await t.test('rows that come while one is on its way share the next request', async (t) => {
  const { servers, batches } = await started()
  servers.batchStatuses = [202, { status: 202, policy_index: 1, status_changed_at: at(9) }, 404]
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => batches.send(row(name), TARGET)))
  t.same(
    servers.rows.map(({ method, path }) => `${method} ${path}`),
    ['PUT /sdb/7/a/c/a', 'UPDATE /sdb'],
  )
  t.same(
    answers.map(({ applied }) => applied),
    [true, true, true, false],
  )
  t.match(answers[2]?.misplaced, {
    'x-backend-martlet-row': 'misplaced',
    'x-backend-storage-policy-index': '1',
    'x-backend-martlet-status-changed-at': at(9),
  })
})

await t.test('a server that does not take batches gets each row at once', async (t) => {
  const { servers, batches } = await started()
  servers.batches = false
  await batches.send(row('last'), TARGET)
  servers.rows.length = 0
  await Promise.all(['a', 'b', 'c'].map((name) => batches.send(row(name), TARGET)))
  t.same(
    servers.rows.map(({ method }) => method),
    ['PUT', 'PUT', 'PUT'],
  )
})

await t.test(
  'rows for a server that cannot be reached are not applied, and the next ones are tried',
  async (t) => {
    const { servers, batches } = await started()
    servers.hosts.set(TARGET.host, 'down')
    const answers = await Promise.all(['a', 'b'].map((name) => batches.send(row(name), TARGET)))
    t.same(
      answers.map(({ applied }) => applied),
      [false, false],
    )
    servers.hosts.delete(TARGET.host)
    t.equal((await batches.send(row('c'), TARGET)).applied, true)
  },
)
