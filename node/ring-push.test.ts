import t from 'tap'
import type { Builder } from '#ring/builder.ts'
import { readRingFile } from '#ring/ring-store.ts'
import { type PushResult, type PushTarget, pushRing, type RingToPush } from './ring-push.ts'
import { fileOf, nextOf, RingHosts, reportedRing } from './test-ring-hosts.ts'

function ringOf(builder: Builder): RingToPush {
  const file = fileOf(builder)
  const loaded = readRingFile(file)
  if (loaded.kind === 'broken') throw new Error(loaded.reason)
  return { name: 'object', version: builder.version, digest: loaded.digest, file }
}

function targetsOf(hosts: RingHosts): readonly PushTarget[] {
  return hosts.all.map(({ ip }) => ({ host: ip, label: `${ip}/d1`, endpoint: { host: ip, port: 6202 } }))
}

async function push(hosts: RingHosts, builder: Builder): Promise<{ result: PushResult; progress: string[] }> {
  const progress: string[] = []
  const result = await pushRing({
    client: hosts.client,
    targets: targetsOf(hosts),
    ring: ringOf(builder),
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  })
  return { result, progress }
}

t.test('every process gets the ring and says so, one that is away catches up', async (t) => {
  const hosts = await RingHosts.start(4)
  t.teardown(() => hosts.close())
  const [first, next] = [hosts.builder, nextOf(hosts.builder)]
  const away = hosts.all[2]
  away?.stop()
  const { result, progress } = await push(hosts, next)
  const taken = { before: first.version, outcome: 'taken', reason: undefined }
  t.same(result, {
    kind: 'pushed',
    rows: [
      { label: '10.0.0.1/d1', ...taken },
      { label: '10.0.0.2/d1', ...taken },
      { label: '10.0.0.3/d1', before: undefined, outcome: 'failed', reason: 'not running' },
      { label: '10.0.0.4/d1', ...taken },
    ],
    unsettled: [],
  })
  t.equal(progress.at(-1), '4/4')
  away?.start()
  await away?.catchUp.runOnce()
  t.same(
    hosts.versions(),
    Array.from({ length: 4 }, () => next.version),
  )
  const another = await push(hosts, nextOf(next))
  t.match(another.result, { unsettled: hosts.all.map(({ ip }) => `${ip}/d1`) }, 'the ring before moves still')
  const again = await push(hosts, nextOf(next))
  t.match(again.result, { unsettled: [] })
  t.match(again.result, { rows: Array.from({ length: 4 }, () => ({ outcome: 'had' })) })
})

t.test('an old file, or one of two rings of a version, is not sent to anybody', async (t) => {
  const hosts = await RingHosts.start(3)
  t.teardown(() => hosts.close())
  const next = nextOf(hosts.builder)
  await push(hosts, next)
  const newest = nextOf(next)
  await hosts.client.give({ host: '10.0.0.2', port: 6202 }, 'object', fileOf(newest))
  const old = await push(hosts, { ...next, minPartHours: 9 })
  t.match(old.result, {
    kind: 'refused',
    reason: `10.0.0.2/d1 uses version ${newest.version} of ring object; this one is version ${next.version}`,
  })
  const [one] = newest.devices
  const twin = {
    ...newest,
    devices: [one && { ...one, meta: 'changed by somebody else' }, ...newest.devices.slice(1)],
  }
  t.match((await push(hosts, twin)).result, {
    kind: 'refused',
    reason: /another ring object of the same version/,
  })
  t.same(hosts.versions(), [next.version, newest.version, next.version])
})

t.test('a refusal of one process is in its row', async (t) => {
  const hosts = await RingHosts.start(2)
  t.teardown(() => hosts.close())
  const served = {
    status: 507,
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from('the ring cannot be written (ENOSPC)'),
  }
  const report = { rings: [reportedRing()] }
  hosts.network.register({ host: '10.0.0.2', port: 6202 }, async ({ method }) =>
    method === 'PUT' ? served : { status: 200, headers: {}, body: Buffer.from(JSON.stringify(report)) },
  )
  const { result } = await push(hosts, nextOf(hosts.builder))
  t.match(result, {
    rows: [
      { outcome: 'taken' },
      { outcome: 'failed', before: 1, reason: 'the ring cannot be written (ENOSPC)' },
    ],
  })
})
