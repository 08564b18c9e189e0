/** Registries over one cluster, some of whose processes die, and what the others find a month later. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import type { ImageRecord } from '#images/model/image-record.ts'
import { type TestImages, testImages } from '#images/testing/test-images.ts'
import type { OperationContext, Store } from '#store/contract.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'

export const CUTTING = { pieceBytes: 30_000, zeroRunBytes: 20_000, piecesMax: 100 }
export const BYTES = Buffer.concat([randomBytes(50_000), Buffer.alloc(40_000), randomBytes(20_000)])
/** As a client sends them. */
export const CHUNKS = Array.from({ length: 11 }, (_, at) => BYTES.subarray(at * 10_000, (at + 1) * 10_000))
export const CONTEXT: OperationContext = { txId: 'tx-sweep', signal: undefined, log: silentLogger }
/** Longer than anything is kept that nobody is at. */
const LATER_MS = 31 * 24 * 3_600_000

export const later: Clock = {
  wallMs: () => realClock.wallMs() + LATER_MS,
  monotonicMs: () => realClock.monotonicMs(),
  setTimer: (delayMs, callback) => realClock.setTimer(delayMs, callback),
  sleep: (delayMs, signal) => realClock.sleep(delayMs, signal),
}

/** The registry of one process; `own` is the store as the cluster uses it for itself. */
export function proxyOver(store: Store, clock: Clock = realClock, own: Store = store): TestImages {
  const records = new ClusterRecords({ store: own, clock })
  return testImages({ store, clock, deps: { cutting: CUTTING, ownStore: own, records } })
}

/** Keys under which there are bytes. */
export async function storedKeys({ registry }: TestImages): Promise<ReadonlySet<string>> {
  const objects = await registry.cluster.list(CONTEXT, '')
  return new Set((objects ?? []).map(({ name }) => name.split('/', 2).join('/')))
}

/** Keys that records name. */
export async function namedKeys({ registry }: TestImages): Promise<ReadonlySet<string>> {
  const all = [...((await registry.records.all(CONTEXT)) as Iterable<ImageRecord>)]
  return new Set(
    all.flatMap(({ locations, staged, pending, references = [] }) =>
      [...locations, ...references, staged, pending].flatMap((one) => (one === undefined ? [] : [one.key])),
    ),
  )
}
