/**
 * A write is acknowledged when no replica that missed it may yet be read by itself: those that took it say who reads by a
 * lease (`docs/decisions/0021-read-leases.md`). Nobody waits as long as all primaries have it.
 */
import { ANY_HOLDER, READ_LEASES_HEADER } from '#base/extensions.ts'
import { headerOf } from '#http/message.ts'
import type { WriteAnswer } from './fan-out-write.ts'
import type { NodeClient } from './node-client.ts'
import type { Placement } from './placement.ts'

/** A lease is shorter; what says more is not believed. Milliseconds. */
const LEASE_MAX_MS = 5_000
const LEASE = /^(.+)=(\d{1,6})$/

/** What was written, and to whom. */
export interface LeasedWrite {
  readonly method: string
  readonly placement: Pick<Placement, 'allPrimaries'>
}

/** Resolves when nobody reads by a lease who did not say by one of these answers that it has the write. */
export async function awaitReadLeases(
  client: Pick<NodeClient, 'clock'>,
  write: LeasedWrite,
  answers: readonly WriteAnswer[],
): Promise<void> {
  const leftMs = leaseLeftMs(write, answers)
  if (leftMs > 0) await client.clock.sleep(leftMs)
}

/** Milliseconds; 0 when nobody need be waited for. */
export function leaseLeftMs({ method, placement }: LeasedWrite, answers: readonly WriteAnswer[]): number {
  const told = answers.flatMap((answer) => leasesIn(answer))
  if (told.length === 0) return 0
  const took = new Set(answers.filter(({ status }) => hasIt(method, status)).map(({ node }) => node?.key))
  const hasMissed = (holder: string): boolean =>
    holder === ANY_HOLDER ? placement.allPrimaries.some(({ key }) => !took.has(key)) : !took.has(holder)
  const waits = told.filter(({ holder }) => hasMissed(holder)).map(({ leftMs }) => leftMs)
  return Math.min(LEASE_MAX_MS, Math.max(0, ...waits))
}

/**
 * A DELETE of what is not there leaves its tombstone. 409 proves nothing: what is newer may be a candidate that nobody sees yet.
 */
function hasIt(method: string, status: number): boolean {
  return (status >= 200 && status < 300) || (status === 404 && method === 'DELETE')
}

function leasesIn({
  status,
  headers,
}: WriteAnswer): readonly { readonly holder: string; readonly leftMs: number }[] {
  const written = headerOf({ status, headers, body: undefined }, READ_LEASES_HEADER)
  if (written === undefined) return []
  return written.split(' ').flatMap((one) => {
    const [, holder, leftMs] = LEASE.exec(one) ?? []
    return holder === undefined ? [] : [{ holder, leftMs: Number(leftMs) }]
  })
}
