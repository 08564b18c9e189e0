/**
 * Giving a ring to every process of a cluster. Nothing is sent before all have been asked what they use: when one has a
 * newer ring already, the one at hand is an old file. The processes of a host share their files, so each is asked again
 * before it is sent anything.
 */
import type { Endpoint } from '#http/transport.ts'
import type { RingClient } from './ring-client.ts'

export interface PushTarget {
  /** Address of its host. */
  readonly host: string
  /** `10.0.0.1/d1`, or the address of a proxy. */
  readonly label: string
  readonly endpoint: Endpoint
}

export interface RingToPush {
  readonly name: string
  readonly version: number
  readonly digest: string
  readonly file: Buffer
}

export interface PushRow {
  readonly label: string
  /** Version in use before; `undefined` when it did not answer. */
  readonly before: number | undefined
  /** `taken`: in use from now on; `had`: in use already. */
  readonly outcome: 'taken' | 'had' | 'failed'
  /** Why it failed. */
  readonly reason: string | undefined
}

export interface PushOptions {
  readonly client: RingClient
  readonly targets: readonly PushTarget[]
  readonly ring: RingToPush
  /** Called after each process. */
  readonly onProgress: (done: number, total: number) => void
}

export type PushResult =
  | {
      readonly kind: 'pushed'
      readonly rows: readonly PushRow[]
      /** Processes that had not moved yet what the ring before this one gave them. */
      readonly unsettled: readonly string[]
    }
  /** Nothing was sent. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Hosts that are spoken to at a time. */
const HOSTS_AT_ONCE = 8

type Before = ReadonlyMap<PushTarget, Known>
type Known =
  | { readonly version: number | undefined; readonly digest: string; readonly isMoving: boolean }
  | { readonly failed: string }

/** Never rejects. Rows are in the order of the targets. */
export async function pushRing(options: PushOptions): Promise<PushResult> {
  const before = await askAll(options)
  const newer = newerThan(options.ring, before)
  if (newer !== undefined) return { kind: 'refused', reason: newer }
  const rows = new Map<PushTarget, PushRow>()
  await eachHost(options.targets, async (target) => {
    rows.set(target, await pushToOne(options, target, before.get(target)))
    options.onProgress(rows.size, options.targets.length)
  })
  const { targets } = options
  return {
    kind: 'pushed',
    rows: targets.flatMap((target) => rows.get(target) ?? []),
    unsettled: targets.flatMap((target) => (isMovingFor(options, before.get(target)) ? [target.label] : [])),
  }
}

function isMovingFor({ ring }: PushOptions, known: Known | undefined): boolean {
  return known !== undefined && !('failed' in known) && known.isMoving && known.digest !== ring.digest
}

async function askAll({ client, targets, ring }: PushOptions): Promise<Before> {
  const known = new Map<PushTarget, Known>()
  await eachHost(targets, async (target) => {
    known.set(target, await askOne(client, target, ring.name))
  })
  return known
}

async function askOne(client: RingClient, { endpoint }: PushTarget, name: string): Promise<Known> {
  const reported = await client.report(endpoint)
  if (reported.kind === 'failed') return { failed: reported.reason }
  const found = reported.rings.find((report) => report.name === name)
  if (found === undefined) return { failed: `it has no ring ${name}` }
  const { version, digest, previousVersion, settled } = found
  return { version: version ?? undefined, digest, isMoving: previousVersion !== null && !settled }
}

function newerThan(ring: RingToPush, before: Before): string | undefined {
  for (const [{ label }, known] of before) {
    if ('failed' in known || known.version === undefined || known.version < ring.version) continue
    if (known.digest === ring.digest) continue
    return known.version > ring.version
      ? `${label} uses version ${known.version} of ring ${ring.name}; this one is version ${ring.version}`
      : `${label} uses another ring ${ring.name} of the same version ${ring.version}`
  }
  return undefined
}

async function pushToOne(
  { client, ring }: PushOptions,
  target: PushTarget,
  before: Known | undefined,
): Promise<PushRow> {
  const { label, endpoint } = target
  if (before === undefined || 'failed' in before) {
    return { label, before: undefined, outcome: 'failed', reason: before?.failed ?? 'not asked' }
  }
  const known = { label, before: before.version }
  if (before.digest === ring.digest) return { ...known, outcome: 'had', reason: undefined }
  const now = await askOne(client, target, ring.name)
  if (!('failed' in now) && now.digest === ring.digest)
    return { ...known, outcome: 'taken', reason: undefined }
  const given = await client.give(endpoint, ring.name, ring.file)
  if (given.kind === 'failed') return { ...known, outcome: 'failed', reason: given.reason }
  return { ...known, outcome: 'taken', reason: undefined }
}

/** Several hosts at a time, the processes of one host one after the other. */
async function eachHost(
  targets: readonly PushTarget[],
  work: (target: PushTarget) => Promise<void>,
): Promise<void> {
  const hosts = [...Map.groupBy(targets, ({ host }) => host).values()]
  const worker = async (): Promise<void> => {
    for (let host = hosts.shift(); host !== undefined; host = hosts.shift())
      for (const target of host) await work(target)
  }
  await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, worker))
}
