/** Figures of what the store promised less than it would like to. */
import type { Metrics } from '#base/metrics.ts'

export interface StoreObserver {
  /** An acknowledged write that a listing may not show yet (`X-Listing-Pending`). */
  listingPending(method: 'PUT' | 'DELETE'): void
  /** A page that was not proven to be complete (`X-Listing-Consistency: eventual`). */
  eventualListing(server: 'account' | 'container'): void
  /** A write that something newer had overtaken was tried again with a later time. */
  overtaken(method: 'PUT' | 'POST' | 'DELETE'): void
  /** A write with a condition came to its end. */
  conditional(outcome: ConditionalEnd): void
}

/** `written` and `refused` by agreement; `best_effort` where a storage server could not promise anything. */
export type ConditionalEnd = 'written' | 'refused' | 'undecided' | 'failed' | 'best_effort'

export const UNOBSERVED: StoreObserver = {
  listingPending: () => {},
  eventualListing: () => {},
  overtaken: () => {},
  conditional: () => {},
}

export function storeMetrics(metrics: Metrics): StoreObserver {
  const pending = metrics.counter<'method'>({
    name: 'martlet_listing_pending_total',
    help: 'Acknowledged writes whose container row a majority of replicas did not have in time.',
    labels: ['method'],
  })
  const eventual = metrics.counter<'server'>({
    name: 'martlet_eventual_listings_total',
    help: 'Listings that could not be proven to be complete.',
    labels: ['server'],
  })
  const overtaken = metrics.counter<'method'>({
    name: 'martlet_overtaken_writes_total',
    help: 'Object writes tried again with a later timestamp, because something newer was there.',
    labels: ['method'],
  })
  const conditional = metrics.counter<'outcome'>({
    name: 'martlet_conditional_writes_total',
    help: 'Object writes with a condition, by how they ended.',
    labels: ['outcome'],
  })
  return {
    listingPending: (method) => pending.with({ method }).add(),
    eventualListing: (server) => eventual.with({ server }).add(),
    overtaken: (method) => overtaken.with({ method }).add(),
    conditional: (outcome) => conditional.with({ outcome }).add(),
  }
}
