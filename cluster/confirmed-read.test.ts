/** Confirmed reads on virtual time. Primaries are 0, 1, 2. */
import t from 'tap'
import {
  CAPABILITIES_HEADER,
  LEASE_NAMES_HEADER,
  LEASED_BY_HEADER,
  PROBES_METHOD,
  REPLICA_STATE_HEADER,
} from '#base/extensions.ts'
import type { Request, Response } from '#http/message.ts'
import { headerOf, readWhole } from '#http/message.ts'
import { readConfirmed } from './confirmed-read.ts'
import type { ReadOutcome } from './replica-read.ts'
import { FakeNodes, found, timeOf } from './testing/fake-nodes.ts'
import type { EndOfTurn } from './version-probes.ts'

const CAPABLE = { [CAPABILITIES_HEADER]: 'index-probe,probes' }
const LOCAL_PORT = 6200

function bodyOf(outcome: ReadOutcome): string {
  return outcome.kind === 'found' ? String(outcome.response.body) : outcome.kind
}

function threeNodes(endOfTurn?: EndOfTurn): {
  readonly nodes: FakeNodes
  readonly others: FakeNodes['placement']['primaries']
} {
  const nodes = new FakeNodes({ local: LOCAL_PORT, devices: 3, ...(endOfTurn && { endOfTurn }) })
  const [local, ...others] = nodes.placement.primariesLocalFirst
  if (local !== undefined) nodes.set(local, found('x', 1))
  return { nodes, others }
}

t.test('a replica that is slow to confirm gets a rival after half a second', async (t) => {
  const { nodes, others } = threeNodes()
  const [slow, quick] = others
  if (slow === undefined || quick === undefined) throw new Error('three primaries')
  nodes.set(slow, 'silent')
  nodes.set(quick, found('x', 1))
  const reading = readConfirmed(nodes.client, nodes.read(), 'unavailable')
  await nodes.clock.advance(500)
  t.equal(bodyOf(await reading), 'x')
  t.equal(nodes.clock.monotonicMs(), 500)
})

t.test('a replica that is set aside is asked last', async (t) => {
  const { nodes, others } = threeNodes()
  const [aside, good] = others
  if (aside === undefined || good === undefined) throw new Error('three primaries')
  nodes.errors.recordFull(aside)
  nodes.set(aside, 'silent')
  nodes.set(good, found('x', 1))
  t.equal(bodyOf(await readConfirmed(nodes.client, nodes.read(), 'unavailable')), 'x')
  t.equal(nodes.clock.monotonicMs(), 0)
})

t.test('what a handoff has is no proof of its own', async (t) => {
  const nodes = new FakeNodes()
  nodes.setAll()
  nodes.set(nodes.handoff(0), found('older', 1))
  for (const current of [nodes.primary(1), nodes.primary(2)]) {
    // Asked last.
    nodes.errors.recordFull(current)
    nodes.set(current, async ({ method }) => {
      if (method === 'GET') await nodes.clock.sleep(10)
      return { status: 200, body: undefined, headers: {}, ...found('newer', 2) }
    })
  }
  const reading = readConfirmed(nodes.client, nodes.read(), 'unavailable')
  await nodes.clock.advance(1_000)
  t.equal(bodyOf(await reading), 'newer')
})

t.test('what is new by the lease of another primary needs no look', async (t) => {
  const { nodes, others } = threeNodes()
  const [granter, third] = others
  const [local] = nodes.placement.primariesLocalFirst
  if (local === undefined || granter === undefined || third === undefined) throw new Error('three primaries')
  nodes.set(local, found('x', 1, { [LEASED_BY_HEADER]: granter.key }))
  t.equal(bodyOf(await readConfirmed(nodes.client, nodes.read(), 'unavailable')), 'x')
  t.equal(nodes.asked.length, 1)
  const names = String(nodes.asked[0]?.request.headers[LEASE_NAMES_HEADER]).split(' ')
  t.equal(names[0], local.key)
  t.same(names.slice(1).toSorted(), [granter.key, third.key].toSorted())
})

t.test(
  'a lease of whom the ring does not name, or of a replica without a voice, proves nothing',
  async (t) => {
    const { nodes, others } = threeNodes()
    const [local] = nodes.placement.primariesLocalFirst
    if (local === undefined) throw new Error('three primaries')
    for (const headers of [
      { [LEASED_BY_HEADER]: '10.9.9.9:6200/d9' },
      { [LEASED_BY_HEADER]: local.key },
      { [LEASED_BY_HEADER]: others[0]?.key, [REPLICA_STATE_HEADER]: 'joining' },
    ]) {
      nodes.set(local, found('older', 1, headers))
      for (const other of others) nodes.set(other, found('newer', 2))
      t.equal(bodyOf(await readConfirmed(nodes.client, nodes.read(), 'unavailable')), 'newer')
    }
  },
)

t.test('what is no object, or was written to more than three, is asked for no lease', async (t) => {
  const { nodes } = threeNodes()
  await readConfirmed(nodes.client, nodes.read({ server: 'container' }), 'accept')
  const five = new FakeNodes({ devices: 5, replicas: 5 })
  for (const node of five.placement.primaries) five.set(node, found('x', 1))
  t.equal(bodyOf(await readConfirmed(five.client, five.read(), 'unavailable')), 'x')
  for (const { request } of [...nodes.asked, ...five.asked]) {
    t.equal(request.headers[LEASE_NAMES_HEADER], undefined)
  }
})

/** Answers to looks in the order in which they came, when told to. */
class Prober {
  readonly requests: { readonly paths: readonly string[] }[] = []
  readonly #waiting: (() => void)[] = []

  readonly serve = async (request: Request): Promise<Response> => {
    if (request.method !== PROBES_METHOD) {
      return {
        status: 200,
        body: undefined,
        ...found('x', 1, CAPABLE),
        headers: { ...found('x', 1).headers, ...CAPABLE },
      }
    }
    const asked = JSON.parse((await readWhole(request.body, 2 ** 20)).toString()) as readonly [
      string,
      number,
    ][]
    this.requests.push({ paths: asked.map(([path]) => path) })
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const told = asked.map(([path]) =>
      path.endsWith('new') ? [200, { 'x-backend-data-timestamp': timeOf(2) }] : timeOf(1),
    )
    return { status: 200, headers: CAPABLE, body: Buffer.from(JSON.stringify(told)) }
  }

  answerNext(): void {
    this.#waiting.shift()?.()
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await Promise.resolve()
}

t.test(
  'looks of one turn of the event loop go to one peer together, whoever of several could answer',
  async (t) => {
    const turn: (() => void)[] = []
    const { nodes, others } = threeNodes((callback) => turn.push(callback))
    const probers = others.map((other) => {
      const prober = new Prober()
      nodes.set(other, prober.serve)
      return prober
    })
    const read = (object: string): Promise<ReadOutcome> =>
      readConfirmed(nodes.client, nodes.read({ path: `/a/c/${object}` }), 'unavailable')
    const paths = (): readonly number[] =>
      probers.flatMap(({ requests }) => requests.map((one) => one.paths.length))
    await read('learns what the first can')
    await settle()
    // Of the second nothing is known yet, and nobody asks it while the first is being asked anyway.
    const together = ['one', 'two', 'three'].map(read)
    await settle()
    t.same(paths(), [], 'nothing is sent before the turn ends')
    for (const end of turn.splice(0)) end()
    await settle()
    t.same(paths(), [3])
    for (const prober of probers) prober.answerNext()
    for (const outcome of await Promise.all(together)) t.equal(bodyOf(outcome), 'x')
  },
)

t.test(
  'a peer that was asked just now is asked the next thing too, and one that takes long is avoided',
  async (t) => {
    const { nodes, others } = threeNodes()
    const [busy, free] = others
    if (busy === undefined || free === undefined) throw new Error('three primaries')
    const prober = new Prober()
    nodes.set(busy, prober.serve)
    const { versions } = nodes.client
    const looking = versions.ask(busy, { partition: 0, path: '/a/c/o', policyIndex: 0 })
    await settle()
    t.ok(versions.cost(busy) < versions.cost(free), 'the next request to it has several looks in it')
    await nodes.clock.advance(100)
    t.ok(versions.cost(busy) > versions.cost(free))
    prober.answerNext()
    t.equal((await looking)?.status, 200)
    await settle()
    t.equal(versions.cost(busy), versions.cost(free))
  },
)

t.test('looks at the same peer travel together, and each is answered for itself', async (t) => {
  const { nodes, others } = threeNodes()
  const prober = new Prober()
  const [first, second] = others
  if (first === undefined || second === undefined) throw new Error('three primaries')
  nodes.set(first, prober.serve)
  nodes.set(second, found('newer', 2))
  nodes.errors.recordFull(second)
  const read = (object: string): Promise<ReadOutcome> =>
    readConfirmed(nodes.client, nodes.read({ path: `/a/c/${object}` }), 'unavailable')
  await read('learns what the peer can')
  const reads = ['one', 'two', 'new', 'four'].map(read)
  await settle()
  t.equal(prober.requests.length, 1, 'the first goes alone and at once')
  t.equal(prober.requests[0]?.paths.length, 1)
  prober.answerNext()
  await settle()
  t.equal(prober.requests.length, 2)
  t.equal(prober.requests[1]?.paths.length, 3, 'what came meanwhile goes together')
  prober.answerNext()
  const [one, two, overtaken, four] = await Promise.all(reads)
  for (const outcome of [one, two, four]) t.equal(outcome && bodyOf(outcome), 'x')
  t.equal(overtaken?.kind === 'found' && headerOf(overtaken.response, 'x-backend-data-timestamp'), timeOf(2))
})
