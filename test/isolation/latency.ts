/** How long requests take, for tests that compare it before and during trouble. */
import { Latencies } from '#bench/latencies.ts'
import { inParallel } from '#test/session.ts'

export interface Measured {
  /** Milliseconds that 99 of 100 requests stayed within. */
  readonly p99Ms: number
  readonly p50Ms: number
  readonly maxMs: number
  /** Requests that took longer than `SLOW_MS`. */
  readonly slow: number
}

/** What nobody would call quick: the time after which a second replica is asked. */
const SLOW_MS = 400

/** Calls `request` `count` times, `atOnce` at a time. */
export async function measure(
  count: number,
  atOnce: number,
  request: (index: number, lane: number) => Promise<void>,
): Promise<Measured> {
  const latencies = new Latencies()
  let slow = 0
  const lanes = Math.ceil(count / atOnce)
  await Promise.all(
    Array.from({ length: atOnce }, (_, lane) =>
      inParallel(lanes, 1, async (turn) => {
        const begunMs = performance.now()
        await request(turn * atOnce + lane, lane)
        const tookMs = performance.now() - begunMs
        latencies.record(tookMs * 1000)
        if (tookMs > SLOW_MS) slow += 1
      }),
    ),
  )
  const { maxMicros } = latencies
  return {
    p99Ms: latencies.quantileMs(0.99),
    p50Ms: latencies.quantileMs(0.5),
    maxMs: maxMicros / 1000,
    slow,
  }
}

export function inWords({ p50Ms, p99Ms, maxMs }: Measured): string {
  return `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(0)} ms`
}
