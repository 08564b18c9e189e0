/**
 * What each layer costs a plain GET and PUT that has no use for it: `node bench/layers.ts`. In one process, over a store
 * that answers at once: rounds with the layer and without it take turns, and the median of what a round with it needs
 * more is told, in microseconds of CPU per request and as a share of what the whole cluster needs for such a request.
 * Ends with 1 when a layer takes more of it than is allowed.
 *
 *     --rounds N --requests N    pairs of rounds for each layer (25), requests in a round (3000)
 *     --get US --put US          CPU of the whole cluster for one request, microseconds (100 and 1300: targets of the design)
 *     --only NAME                one layer
 */
import { parseArgs } from 'node:util'
import { type Handler, type Request, readWhole } from '#http/message.ts'
import { requestOf, testProxy, tokenFor } from '#proxy/testing/test-proxy.ts'
import type { ObjectRead, Store } from '#store/contract.ts'
import { FEATURE_NAMES, withFeatures } from '#store/features.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    requests: { type: 'string', default: '3000' },
    get: { type: 'string', default: '100' },
    put: { type: 'string', default: '1300' },
    only: { type: 'string' },
  },
})
const ROUNDS = Number(values.rounds)
const REQUESTS = Number(values.requests)
/** The most that a layer may take of a request when it is not used. */
const SHARE_MAX = 0.05
const BODY = Buffer.alloc(4096)
const ETAG = '620f0b67a91f7f74151bc5be745b7110'
const TARGET = '/v1/AUTH_test/container/object-000001'

const FOUND: ObjectRead = {
  kind: 'found',
  status: 200,
  headers: {
    'content-type': 'application/octet-stream',
    'content-length': String(BODY.length),
    etag: ETAG,
    'last-modified': 'Sat, 21 Nov 2026 09:41:49 GMT',
    'x-timestamp': '1795254108.15660',
    'x-backend-timestamp': '1795254108.15660',
    'x-backend-data-timestamp': '1795254108.15660',
    'x-backend-durable-timestamp': '1795254108.15660',
  },
  body: BODY,
}

const { deps, store: memory } = testProxy()
const instant: Store = {
  accounts: memory.accounts,
  containers: memory.containers,
  objects: {
    read: async () => FOUND,
    put: async (_context, _name, { body }) => {
      await readWhole(body, BODY.length)
      return {
        kind: 'created',
        etag: ETAG,
        sizeBytes: BODY.length,
        timestamp: await memory.timestamps.next(),
        listingPending: false,
      }
    },
    post: (context, name, post) => memory.objects.post(context, name, post),
    delete: (context, name, gone) => memory.objects.delete(context, name, gone),
  },
}

/** The whole proxy save for some layers; `undefined` where it cannot be without them. */
function proxyWithout(names: readonly string[]): Handler | undefined {
  const { environment, policies, bucketSettings, objectLocks, records } = deps
  const store = withFeatures(
    instant,
    { environment, timestamps: memory.timestamps, policies, bucketSettings, objectLocks },
    names,
  )
  const pipeline = LAYERS.filter((name) => !names.includes(name))
  try {
    return testProxy({ pipeline }, { store, records, bucketSettings, objectLocks }).handler
  } catch {
    return undefined
  }
}

/** Those that the cluster has by default. */
const LAYERS = testProxy()
  .pipeline.filter((name) => name !== 'catch-errors' && !name.startsWith('door:'))
  .filter((name, at, all) => all.indexOf(name) === at)

async function microsecondsOf(handler: Handler, make: () => Request): Promise<number> {
  const before = process.cpuUsage()
  for (let count = 0; count < REQUESTS; count += 1) await handler(make())
  const { user, system } = process.cpuUsage(before)
  return (user + system) / REQUESTS
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0
}

/** What `whole` needs more than `less`, microseconds. */
async function moreOf(whole: Handler, less: Handler, make: () => Request): Promise<number> {
  const differences: number[] = []
  await microsecondsOf(whole, make)
  await microsecondsOf(less, make)
  for (let round = 0; round < ROUNDS; round += 1) {
    const [first, second] = round % 2 === 0 ? [whole, less] : [less, whole]
    const one = await microsecondsOf(first, make)
    const other = await microsecondsOf(second, make)
    differences.push(round % 2 === 0 ? one - other : other - one)
  }
  return median(differences)
}

const whole = proxyWithout([])
if (whole === undefined) throw new Error('there is no proxy')
const token = await tokenFor(whole, 'test:tester', 'testing')
const headers = { 'x-auth-token': token, 'user-agent': 'benchmark', accept: '*/*' }
await whole(requestOf({ method: 'PUT', target: '/v1/AUTH_test/container', headers }))
const requests: Readonly<Record<'get' | 'put', () => Request>> = {
  get: () => requestOf({ target: TARGET, headers }),
  put: () => requestOf({ method: 'PUT', target: TARGET, headers, body: BODY }),
}

console.log(
  `${'layer'.padEnd(18)}${'GET µs'.padStart(9)}${'share'.padStart(9)}${'PUT µs'.padStart(9)}${'share'.padStart(9)}`,
)
let tooDear = false
for (const name of [...LAYERS, ...FEATURE_NAMES]) {
  const less = values.only === undefined || values.only === name ? proxyWithout([name]) : undefined
  if (less === undefined) continue
  const cells = [name.padEnd(18)]
  for (const what of ['get', 'put'] as const) {
    const more = await moreOf(whole, less, requests[what])
    const share = more / Number(values[what])
    tooDear ||= share > SHARE_MAX
    cells.push(more.toFixed(2).padStart(9), `${(share * 100).toFixed(1)} %`.padStart(9))
  }
  console.log(cells.join(''))
}
if (tooDear) process.exitCode = 1
