/**
 * Goal: of an access log at most what its process held is lost, as documented; no object is there in part, and no line is in two.
 * Method: the process that delivers dies before each of its messages in turn, and in the middle of each body; another one looks.
 */
import t from 'tap'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { BUCKET_ACL_SYSMETA, storedAcl } from '#auth/s3/acl/stored-acl.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import type { Request, Response } from '#http/message.ts'
import type { Endpoint, SendOptions, Transport } from '#http/transport.ts'
import { LogDelivery } from '#proxy/s3/logging/log-delivery.ts'
import type { LoggedRequest } from '#proxy/s3/logging/log-line.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { Store } from '#store/contract.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { CONTAINER, get, makeContainer } from './actions.ts'
import { DIED } from './dying-store.ts'
import { MemoryCluster } from './memory-cluster.ts'

/** More than one delivery takes. */
const MESSAGES_MAX = 60
const LINES = 3

const REQUEST: LoggedRequest = {
  bucketOwner: 'test:tester',
  bucket: 'birds',
  atMs: 0,
  remoteAddress: '192.0.2.3',
  requester: 'test:tester',
  requestId: 'tx1',
  operation: 'REST.GET.OBJECT',
  key: 'key',
  method: 'GET',
  target: '/birds/key',
  status: 200,
  errorCode: undefined,
  sentBytes: 1,
  tookMs: 1,
  referer: undefined,
  userAgent: undefined,
  versionId: undefined,
  host: undefined,
  signature: undefined,
  authentication: undefined,
}

type Death = 'before the message' | 'in its body'

/** The network as a process has it that dies at one message: nothing is sent any more. */
class MortalTransport implements Transport {
  isDead = false
  readonly #network: Transport
  readonly #last: number
  readonly #death: Death
  #sent = 0

  constructor(network: Transport, last: number, death: Death) {
    this.#network = network
    this.#last = last
    this.#death = death
  }

  async send(target: Endpoint, request: Request, options: SendOptions): Promise<Response> {
    this.#sent += 1
    if (this.#sent < this.#last) return await this.#network.send(target, request, options)
    const isFirst = !this.isDead
    this.isDead = true
    if (isFirst && this.#death === 'in its body') await this.#network.send(target, torn(request), options)
    throw DIED
  }

  async close(): Promise<void> {}
}

/** The same request, whose body breaks off in its middle. */
function torn(request: Request): Request {
  const { bytes, ...body } = request.body
  if (bytes === undefined) return request
  return {
    ...request,
    body: {
      ...body,
      bytes: undefined,
      async *[Symbol.asyncIterator]() {
        yield bytes.subarray(0, bytes.length / 2)
        throw DIED
      },
    },
  }
}

function deliveryOver(cluster: MemoryCluster, store: Store, seed: number): LogDelivery {
  const settings = new BucketSettings(
    store.containers,
    new ClusterRecords({ store: cluster.store, clock: realClock }).of(BUCKET_SETTINGS),
  )
  const clock = realClock
  return new LogDelivery({
    store,
    access: { store, settings, clock, resellers: DEFAULT_RESELLERS, objectOwnership: 'ObjectWriter' },
    clock,
    random: new SeededRandom(seed),
    log: silentLogger,
    region: 'us-east-1',
  })
}

/** Names of the requests in each object that is there. */
async function delivered(cluster: MemoryCluster): Promise<readonly (readonly string[])[]> {
  const listing = { limit: 1000, reverse: false }
  const read = await cluster.store.containers.read(cluster.context, CONTAINER, { listing })
  const entries = read.kind === 'found' ? (read.page?.entries() ?? []) : []
  const rows = entries.filter((row) => row.kind === 'object')
  const logs: string[][] = []
  for (const row of rows) {
    const object = await get(cluster, row.name)
    if (object.kind !== 'found') throw new Error(`${row.name} is listed: ${object.kind}`)
    const lines = object.bytes.toString().split('\n')
    if (lines.pop() !== '') throw new Error(`${row.name} ends within a line`)
    logs.push(lines.map((line) => / (step-\d+-\d+) /.exec(line)?.[1] ?? line))
  }
  return logs
}

for (const death of ['before the message', 'in its body'] as const) {
  t.test(`a process that delivers and dies ${death} tears and doubles nothing`, async (t) => {
    const cluster = await MemoryCluster.start({ devices: 3, replicas: 3 })
    t.teardown(() => cluster.close())
    await makeContainer(cluster)
    const grants = [{ grantee: { kind: 'group', group: 'LogDelivery' }, permission: 'WRITE' }] as const
    await cluster.store.containers.post(cluster.context, CONTAINER, {
      [BUCKET_ACL_SYSMETA]: storedAcl({ owner: 'test:tester', grants }),
    })
    let survived = 0
    for (let step = 1; step <= MESSAGES_MAX && survived === 0; step += 1) {
      let network: MortalTransport | undefined
      const store = await cluster.anotherProxy({
        transport: (whole) => (network = new MortalTransport(whole, step, death)),
      })
      const logs = deliveryOver(cluster, store, step)
      for (let line = 0; line < LINES; line += 1) {
        const source = { account: CONTAINER.account, container: 'birds' }
        const enabled = { targetBucket: CONTAINER.container, targetPrefix: 'l/' }
        logs.add(source, enabled, { ...REQUEST, key: `step-${step}-${line}` })
      }
      await logs.flush()
      if (network?.isDead === false) survived = step
    }
    t.ok(survived > 3, `a delivery takes ${survived - 1} messages`)
    const found = await delivered(cluster)
    const lines = found.flat()
    t.equal(new Set(lines).size, lines.length, 'no line is in two objects')
    for (const log of found) {
      const [step = ''] = /^step-\d+/.exec(log[0] ?? '') ?? []
      t.same(
        log,
        Array.from({ length: LINES }, (_, line) => `${step}-${line}`),
        `${step} is there whole`,
      )
    }
    t.ok(lines.includes(`step-${survived}-0`), 'who lives delivers')
  })
}
