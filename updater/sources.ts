/** The queues that the storage servers of a device keep, with their figures in one form. */

export interface DeliveryFigures {
  /** Left the queue because everybody has it. */
  readonly delivered: number
  /** Still there. */
  readonly waiting: number
  /** Given up, because it was too old or nobody is left to be told. */
  readonly dropped: number
}

/** A queue at this moment. */
export interface QueueFigures {
  readonly count: number
  /** Age of the oldest entry, seconds; 0 when there is none. */
  readonly oldestSeconds: number
}

export interface DeliverySource {
  /** For logs and metrics: `object_rows`, `account_updates`, `container_reports`. */
  readonly name: string
  /** One pass over the queue. */
  readonly deliver: () => Promise<DeliveryFigures>
  readonly waiting: () => Promise<QueueFigures>
  /** After something was delivered the queue is left alone for so long, so that several changes are told as one; milliseconds. */
  readonly gatherMs?: number
}

/** While clients write the figures of a container change all the time, and each report is nine synced writes. */
const REPORTS_GATHER_MS = 3_000

/** Container rows of objects (`object-server/pending-rows.ts`). */
export function objectRows(objects: {
  deliverPending(): Promise<{
    readonly delivered: number
    readonly superseded: number
    readonly waiting: number
    readonly dropped: number
  }>
  pendingFigures(): Promise<QueueFigures>
}): DeliverySource {
  return {
    name: 'object_rows',
    deliver: async () => {
      const { delivered, superseded, waiting, dropped } = await objects.deliverPending()
      return { delivered: delivered + superseded, waiting, dropped }
    },
    waiting: () => objects.pendingFigures(),
  }
}

/** What accounts were not told when a container was created or deleted (`container-server/account-updates.ts`). */
export function accountUpdates(updates: {
  deliverPending(): Promise<{
    readonly delivered: number
    readonly failed: number
    readonly dropped: number
  }>
  pendingFigures(): Promise<QueueFigures>
}): DeliverySource {
  return {
    name: 'account_updates',
    deliver: async () => {
      const { delivered, failed, dropped } = await updates.deliverPending()
      return { delivered, waiting: failed, dropped }
    },
    waiting: () => updates.pendingFigures(),
  }
}

/** Figures of containers that have changed (`container-server/report-changed.ts`). */
export function containerReports(reporter: {
  reportChanged(): Promise<{
    readonly reported: number
    readonly failed: number
    readonly orphaned: number
    readonly suppressed: number
  }>
  pendingFigures(): Promise<QueueFigures>
}): DeliverySource {
  return {
    name: 'container_reports',
    deliver: async () => {
      const { reported, failed, orphaned, suppressed } = await reporter.reportChanged()
      return { delivered: reported, waiting: failed + suppressed, dropped: orphaned }
    },
    waiting: () => reporter.pendingFigures(),
    gatherMs: REPORTS_GATHER_MS,
  }
}
