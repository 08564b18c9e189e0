import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import { bufferBody } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'
import { type Desk, deskHandler, deskOf, type Message, onlyDesk, PeerDesks } from './peer-desks.ts'

interface Process {
  readonly endpoint: Endpoint
  readonly desks: PeerDesks
  readonly asked: string[]
}

function cluster(count: number): {
  readonly processes: readonly Process[]
  readonly network: MemoryTransport
} {
  const clock = new VirtualClock()
  const network = new MemoryTransport({ clock, log: silentLogger })
  const endpoints = Array.from({ length: count }, (_, at) => ({ host: '10.0.0.1', port: 6300 + at }))
  const processes = endpoints.map((endpoint) => {
    const asked: string[] = []
    const own: Desk = async ({ kind, key }) => {
      if (kind !== 'test') return undefined
      asked.push(String(key))
      return { kind: 'answer', port: endpoint.port }
    }
    network.register(endpoint, deskHandler(own))
    const isSelf = (other: Endpoint): boolean => other === endpoint
    const desks = new PeerDesks({
      transport: network,
      clock,
      log: silentLogger,
      members: () => endpoints,
      isSelf,
      own,
    })
    return { endpoint, desks, asked }
  })
  return { processes, network }
}

function ask({ desks }: Process, key: string): Promise<Message | undefined> {
  return desks.ask(key, { kind: 'test', key })
}

t.test('all processes ask the same desk about a key, and the keys are dealt out', async (t) => {
  const { processes } = cluster(4)
  const keys = Array.from({ length: 40 }, (_, at) => `key-${at}`)
  for (const key of keys) {
    const answers = new Set<unknown>()
    for (const process of processes) answers.add((await ask(process, key))?.['port'])
    t.equal(answers.size, 1, key)
  }
  t.ok(processes.every(({ asked }) => asked.length > 0))
})

t.test('when a process is gone the next one in the key’s order decides, for everybody', async (t) => {
  const { processes, network } = cluster(3)
  const [first] = processes as [Process]
  const before = (await ask(first, 'k'))?.['port']
  const gone = processes.find(({ endpoint }) => endpoint.port === before) as Process
  network.unregister(gone.endpoint)
  const left = processes.filter((process) => process !== gone)
  const answers = await Promise.all(left.map((process) => ask(process, 'k')))
  t.equal(new Set(answers.map((answer) => answer?.['port'])).size, 1)
  t.not(answers[0]?.['port'], before)
})

t.test('a question nobody understands has no answer', async (t) => {
  const { processes } = cluster(2)
  for (const { desks } of processes) t.equal(await desks.ask('k', { kind: 'other' }), undefined)
  t.equal(await onlyDesk(async () => undefined).ask('k', { kind: 'other' }), undefined)
})

t.test('several desks are one', async (t) => {
  const of =
    (sort: string): Desk =>
    async ({ kind }) =>
      kind === sort ? { kind: `${sort}!` } : undefined
  const both = deskOf([of('a'), of('b')])
  t.same(await both({ kind: 'b' }), { kind: 'b!' })
  t.equal(await both({ kind: 'c' }), undefined)
})

t.test('what is no question is refused', async (t) => {
  const handler = deskHandler(async () => ({ kind: 'answer' }))
  const status = async (method: string, body: string): Promise<number> =>
    (
      await handler({
        method,
        path: '/martlet/desk',
        query: '',
        headers: {},
        body: bufferBody(Buffer.from(body)),
        signal: undefined,
        remoteAddress: '',
        secure: false,
      })
    ).status
  t.equal(await status('GET', '{"kind":"x"}'), 405)
  for (const body of ['', 'null', '[]', '{}', '{"kind":1}', '{'])
    t.equal(await status('POST', body), 400, body)
  t.equal(await status('POST', '{"kind":"x"}'), 200)
})
