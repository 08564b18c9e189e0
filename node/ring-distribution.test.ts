import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { bufferBody, ownRequest, type Request, readWhole } from '#http/message.ts'
import { type Builder, createBuilder } from '#ring/builder.ts'
import { RingClient } from './ring-client.ts'
import { ringDistribution } from './ring-distribution.ts'
import { RING_SEAL_HEADER, sealOf } from './ring-seal.ts'
import { fileOf, nextOf, RingHosts, reportedRing, SECRET } from './test-ring-hosts.ts'

async function started(t: { teardown: (end: () => void) => void }, count: number): Promise<RingHosts> {
  const hosts = await RingHosts.start(count)
  t.teardown(() => hosts.close())
  return hosts
}

function at(ip: string): { readonly host: string; readonly port: number } {
  return { host: ip, port: 6202 }
}

t.test('a ring that was given is in use, said so, and given on with its seal', async (t) => {
  const hosts = await started(t, 3)
  const next = nextOf(hosts.builder)
  t.same(await hosts.client.give(at('10.0.0.1'), 'object', fileOf(next)), { kind: 'adopted' })
  t.same(await hosts.client.give(at('10.0.0.1'), 'object', fileOf(next)), { kind: 'same' })
  const reported = await hosts.client.report(at('10.0.0.1'))
  t.match(reported, {
    rings: [
      { name: 'account', previousVersion: null },
      { name: 'container', previousVersion: null },
      { name: 'object', version: next.version, previousVersion: hosts.builder.version, partPower: 4 },
    ],
  })
  t.same(await hosts.client.fetch(at('10.0.0.1'), 'object'), { kind: 'fetched', file: fileOf(next) })
})

t.test('what must not be used is refused with one sentence, and changes nothing', async (t) => {
  const hosts = await started(t, 2)
  const [first, next] = [hosts.builder, nextOf(hosts.builder)]
  const handler = ringDistribution({
    rings: hosts.all[0]?.rings as never,
    disk: { readFile: () => Promise.reject(new Error('no file')) } as never,
    log: silentLogger,
    secret: SECRET,
    isSettled: () => false,
  })
  const put = async (name: string, file: Buffer, seal = sealOf(SECRET, name, file)): Promise<unknown> => {
    const response = await handler(
      requestOf('PUT', `/martlet/rings/${name}`, file, { [RING_SEAL_HEADER]: seal }),
    )
    return [response.status, (await readWhole(response.body, 1000)).toString()]
  }
  const older = { ...next, version: first.version - 1 }
  const elsewhere = { ...next, devices: next.devices.map((device) => device && { ...device, device: 'x' }) }
  t.match(
    await put(
      'object',
      fileOf(next),
      sealOf(Buffer.from('another secret of another one'), 'object', fileOf(next)),
    ),
    [403, /not sealed with the secret/],
  )
  t.match(await put('object', fileOf(next), ''), [403, String])
  t.match(await put('object', fileOf(next), sealOf(SECRET, 'container', fileOf(next))), [403, String])
  t.match(await put('object', Buffer.from('half a ring')), [
    422,
    /^the ring is refused: it is not a whole gzip file/,
  ])
  t.match(await put('object', fileOf(older)), [409, /older than version/])
  t.match(await put('object', fileOf(elsewhere)), [409, /no device in common/])
  t.match(await put('object-7', fileOf(next)), [404, /no ring object-7/])
  t.same(hosts.versions(), [first.version, first.version])
  t.match(await handler(requestOf('DELETE', '/martlet/rings/object')), { status: 405 })
  t.match(await handler(requestOf('GET', '/martlet/rings/object')), { status: 503 })
})

t.test('without a secret rings are not passed on', async (t) => {
  const hosts = await started(t, 2)
  const handler = ringDistribution({
    rings: hosts.all[0]?.rings as never,
    disk: {} as never,
    log: silentLogger,
    secret: undefined,
    isSettled: () => false,
  })
  for (const method of ['GET', 'PUT'])
    t.match(await handler(requestOf(method, '/martlet/rings/object')), { status: 501 })
  t.match(await handler(requestOf('GET', '/martlet/rings')), { status: 200 }, 'but they are told of')
})

t.test('the client says in words what went wrong', async (t) => {
  const hosts = await started(t, 2)
  t.same(await hosts.client.report(at('10.0.0.9')), { kind: 'failed', reason: 'not running' })
  const stranger = new RingClient(hosts.network, Buffer.from('not the secret of this cluster'))
  const file = fileOf(nextOf(hosts.builder))
  t.match(await stranger.give(at('10.0.0.1'), 'object', file), { kind: 'failed', reason: /not sealed/ })
  t.match(await stranger.fetch(at('10.0.0.1'), 'object'), { kind: 'failed', reason: /not sealed/ })
  hosts.network.register(at('10.0.0.8'), async () => ({ status: 404, headers: {}, body: undefined }))
  t.same(await hosts.client.report(at('10.0.0.8')), { kind: 'failed', reason: 'it answers 404' })
})

t.test('a report that lacks something is not understood', async (t) => {
  const hosts = await started(t, 2)
  const good = reportedRing()
  const answers = async (rings: unknown): Promise<unknown> => {
    const body = Buffer.from(JSON.stringify({ rings }))
    hosts.network.register(at('10.0.0.8'), async () => ({ status: 200, headers: {}, body }))
    return await hosts.client.report(at('10.0.0.8'))
  }
  t.same(await answers([good]), { kind: 'reported', rings: [good] })
  const reason = 'its answer is not understood'
  for (const [member, value] of [
    ['name', 1],
    ['version', '7'],
    ['partPower', -1],
    ['nextPartPower', undefined],
    ['digest', 'x'],
    ['changedAtMs', null],
    ['previousVersion', 0.5],
    ['settled', 'yes'],
  ] as const)
    t.same(await answers([good, { ...good, [member]: value }]), { kind: 'failed', reason }, member)
  t.same(await answers([null]), { kind: 'failed', reason })
  t.same(await answers({}), { kind: 'failed', reason })
})

t.test('a ring that nobody sealed is refused before its bytes are taken in', async (t) => {
  const hosts = await started(t, 2)
  const handler = ringDistribution({
    rings: hosts.all[0]?.rings as never,
    disk: {} as never,
    log: silentLogger,
    secret: SECRET,
    isSettled: () => false,
  })
  const send = async (seal: string, file: Buffer): Promise<readonly [number, number]> => {
    let taken = 0
    const body = {
      lengthBytes: undefined,
      sendContinue: () => {},
      cancel: async () => {},
      async *[Symbol.asyncIterator]() {
        for (let at = 0; at < 10; at += 1) {
          taken += file.length
          yield file
        }
      },
    }
    const request = { ...requestOf('PUT', '/martlet/rings/object', file, { [RING_SEAL_HEADER]: seal }), body }
    return [(await handler(request)).status, taken]
  }
  const piece = Buffer.alloc(1000)
  t.same(await send('', piece), [403, 0])
  t.same(await send(sealOf(Buffer.from('another secret of another one'), 'object', piece), piece), [403, 0])
  t.same(await send(sealOf(SECRET, 'object', piece), piece), [403, 2000], 'and not beyond what was sealed')
})

t.test('a node that missed a ring has it after one round, and nobody takes an older one', async (t) => {
  const hosts = await started(t, 4)
  const next = nextOf(hosts.builder)
  const missed = hosts.all[3]
  missed?.stop()
  for (const { ip } of hosts.all.slice(0, 3)) await hosts.client.give(at(ip), 'object', fileOf(next))
  missed?.start()
  await missed?.catchUp.runOnce()
  t.same(
    hosts.versions(),
    Array.from({ length: 4 }, () => next.version),
  )
  for (const { catchUp } of hosts.all) await catchUp.runOnce()
  t.same(
    hosts.versions(),
    Array.from({ length: 4 }, () => next.version),
  )
  t.equal(missed?.rings.object(0)?.previous?.version, hosts.builder.version)
})

t.test('a ring that one node has is everywhere after a few rounds', async (t) => {
  const hosts = await started(t, 30)
  await hosts.client.give(at('10.0.0.5'), 'object', fileOf(nextOf(hosts.builder)))
  let rounds = 0
  while (new Set(hosts.versions()).size > 1 && rounds < 20) {
    for (const { catchUp } of hosts.all) await catchUp.runOnce()
    rounds += 1
  }
  t.ok(rounds <= 6, `${rounds} rounds`)
})

t.test(
  'the ring before is let go when every device has said that it is settled, and not sooner',
  async (t) => {
    const hosts = await started(t, 4)
    for (const { ip } of hosts.all) await hosts.client.give(at(ip), 'object', fileOf(nextOf(hosts.builder)))
    const previous = (): readonly (number | undefined)[] =>
      hosts.all.map(({ rings }) => rings.object(0)?.previous?.version)
    const kept = Array.from({ length: 4 }, () => hosts.builder.version)
    const rounds = async (): Promise<void> => {
      for (let round = 0; round < 4; round += 1) for (const { catchUp } of hosts.all) await catchUp.runOnce()
    }
    for (const host of hosts.all) host.settled = host.ip !== '10.0.0.3'
    await rounds()
    t.same(previous(), kept, 'one device is not')
    for (const host of hosts.all) host.settled = true
    hosts.all[2]?.stop()
    await rounds()
    t.equal(previous()[0], hosts.builder.version, 'one device does not answer')
    hosts.all[2]?.start()
    await rounds()
    t.same(previous(), [undefined, undefined, undefined, undefined])
  },
)

t.test('a newer ring that does not fit is fetched once', async (t) => {
  const hosts = await started(t, 2)
  const foreign = createBuilder({ partPower: 3, replicas: 2, minPartHours: 0 }) as Builder
  let fetches = 0
  const devices = hosts.builder.devices
  const small = nextOf({ ...foreign, devices, version: 99 })
  const file = fileOf(small)
  hosts.network.register(at('10.0.0.2'), async (request) => {
    if (request.path === '/martlet/rings') {
      const rings = [reportedRing({ version: 100 })]
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify({ rings })) }
    }
    fetches += 1
    return { status: 200, headers: { [RING_SEAL_HEADER]: sealOf(SECRET, 'object', file) }, body: file }
  })
  for (let round = 0; round < 3; round += 1) await hosts.all[0]?.catchUp.runOnce()
  t.equal(fetches, 1)
  t.equal(hosts.versions()[0], hosts.builder.version)
})

function requestOf(
  method: string,
  path: string,
  body: Buffer = Buffer.alloc(0),
  headers: Request['headers'] = {},
): Request {
  return ownRequest({ method, path, headers, body: bufferBody(body), remoteAddress: '10.0.0.7' })
}
