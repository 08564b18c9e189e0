import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Handler } from '#http/message.ts'
import { answer } from './answers.ts'
import { Drive } from './drive-state.ts'
import { type ReconProviders, recon } from './recon.ts'
import { directoriesDisk, jsonOf, requestOf, roomySpace } from './test-twins.ts'

const PROC: Readonly<Record<string, string>> = {
  '/proc/meminfo': 'MemTotal:       100 kB\nMemFree:  50 kB\n',
  '/proc/loadavg': '0.10 0.20 0.30 1/200 999\n',
  '/proc/mounts': '/dev/sda1 /srv/node/sda1 xfs rw 0 0\n',
  '/proc/net/sockstat': 'sockets: used 9\nTCP: inuse 5 orphan 1 tw 2 alloc 7 mem 3\n',
  '/proc/net/sockstat6': 'TCP6: inuse 4\n',
}

function handlerWith(more: Partial<ReconProviders> = {}, failed?: string): Handler {
  const clock = new VirtualClock()
  const disk: Disk = {
    ...directoriesDisk(roomySpace()),
    readFile: async (path) => {
      const text = PROC[path]
      if (text === undefined) throw new Error('ENOENT')
      return Buffer.from(text)
    },
  }
  const drive = new Drive({
    disk,
    clock,
    devicesPath: '/srv/node',
    device: 'sda1',
    mountCheck: 'any_directory',
  })
  if (failed !== undefined) drive.fail(failed)
  return recon({ version: '1.2', clock, disk, devicesPath: '/srv/node', drives: [drive], ...more })(
    async () => answer(204),
  )
}

async function asked(path: string, more?: Partial<ReconProviders>, failed?: string): Promise<unknown> {
  return jsonOf(await handlerWith(more, failed)(requestOf('GET', `/recon/${path}`)))
}

t.test('the machine and the devices are described in the fields of Swift', async (t) => {
  t.same(await asked('version'), { version: '1.2' })
  t.same(await asked('time'), 1_700_000_000)
  t.same(await asked('mem'), { MemTotal: '100 kB', MemFree: '50 kB' })
  t.same(await asked('load'), { '1m': 0.1, '5m': 0.2, '15m': 0.3, tasks: '1/200', processes: 999 })
  t.same(await asked('mounted'), [{ device: '/dev/sda1', path: '/srv/node/sda1' }])
  t.same(await asked('sockstat'), {
    tcp_in_use: 5,
    orphan: 1,
    time_wait: 2,
    tcp_mem_allocated_bytes: 12288,
    tcp6_in_use: 4,
  })
  t.same(await asked('devices'), { '/srv/node': ['sda1'] })
  t.same(await asked('diskusage'), [{ device: 'sda1', mounted: true, size: 100, used: 50, avail: 50 }])
  t.same(await asked('unmounted'), [])
  t.same(await asked('unmounted', {}, 'EIO'), [{ device: 'sda1', mounted: 'EIO' }])
  t.same(await asked('driveaudit', {}, 'EIO'), { drive_audit_errors: 1 })
})

t.test('what is provided is told, what is not has empty values', async (t) => {
  t.same(await asked('ringmd5'), {})
  t.same(await asked('ringmd5', { ringMd5: async () => ({ '/etc/r': 'x' }) }), { '/etc/r': 'x' })
  t.same(await asked('swiftconfmd5', { configMd5: async () => ({ '/etc/c': 'y' }) }), { '/etc/c': 'y' })
  t.same(await asked('quarantined'), { accounts: 0, containers: 0, objects: 0, policies: {} })
  t.match(await asked('async', { asyncPending: async () => 3 }), { async_pending: 3 })
  t.match(await asked('async'), { async_pending: null })
})

t.test('workers tell their figures, by server type', async (t) => {
  const worker: ReconProviders['worker'] = (name, type) =>
    name === 'updater' && type === 'object' ? { object_updater_sweep: 2 } : undefined
  t.same(await asked('updater/object', { worker }), { object_updater_sweep: 2 })
  t.same(await asked('updater/container', { worker }), { container_updater_sweep: null })
  t.same(await asked('replication'), {
    replication_time: null,
    replication_stats: null,
    replication_last: null,
    object_replication_time: null,
    object_replication_last: null,
  })
  t.same(await asked('auditor/account'), {
    account_audits_passed: null,
    account_auditor_pass_completed: null,
    account_audits_since: null,
    account_audits_failed: null,
  })
  t.same(await asked('sharding'), { sharding_stats: null, sharding_time: null, sharding_last: null })
})

t.test('a path that nobody knows is 404, other requests go on', async (t) => {
  for (const path of ['nothing', 'updater', 'updater/account', 'toString', '']) {
    const response = await handlerWith()(requestOf('GET', `/recon/${path}`))
    t.equal(response.status, 404, path)
    t.equal(String(response.body), `Invalid path: /recon/${path}`)
  }
  t.equal((await handlerWith()(requestOf('PUT', '/recon/mem'))).status, 405)
  t.equal((await handlerWith()(requestOf('GET', '/sda1/1/a'))).status, 204)
})
