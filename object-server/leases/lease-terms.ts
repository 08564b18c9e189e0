/** How long read leases are, and what they must be worth. */
export interface LeaseTerms {
  /** A lease is over so long after it was granted, milliseconds: as long as a write waits for a reader that missed it. */
  readonly leaseMs: number
  /** From one request of a holder to its next, milliseconds. */
  readonly askEveryMs: number
  /** Reads between two requests from which on a lease costs less than looks at the other's index. */
  readonly readsMin: number
  /** Requests with fewer reads before a holder lets its leases run out. */
  readonly idleMax: number
  /** Who grants nothing is asked again after so long, milliseconds. */
  readonly pauseMs: number
}

export const DEFAULT_TERMS: LeaseTerms = {
  leaseMs: 600,
  askEveryMs: 200,
  readsMin: 3,
  idleMax: 2,
  pauseMs: 5_000,
}
