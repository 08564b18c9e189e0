/**
 * How anybody who finds a copy missing or bad asks for it to be made good at once: the auditor, a reader that quarantined
 * a file, a server that took a write in place of a primary or for all of them. `replicator/repair-queue.ts` keeps the requests; without a
 * replicator nothing is lost, the next sweep finds the same.
 */

/** One object's copy on this device. */
export interface CopyToRepair {
  readonly policyIndex: number
  /** 32 hex digits. */
  readonly hash: string
}

export type RepairOutcome =
  /** This device holds what the newest of its peers holds, durably. */
  | 'healed'
  /** Every primary was asked, and nobody has a good copy: there is nothing to fetch. */
  | 'nobody_has_it'
  /** Somebody who may have it could not be asked, or fetching failed; the sweeps go on trying. */
  | 'failed'

export interface ObjectRepairs {
  /** Fetches a good copy now. Asking again for a copy that waits gives the same promise. Never rejects. */
  repair(copy: CopyToRepair): Promise<RepairOutcome>
  /** Brings a partition to the front: it changed here and belongs elsewhere, or a peer asks for it. */
  hurry(policyIndex: number, partition: number): void
  /** Brings what is here to the other primaries, or to handoffs in the place of those that cannot be reached, at once. */
  spread(copy: CopyToRepair): void
}

/** For a device without a replicator: requests come to nothing. */
export const NO_REPAIRS: ObjectRepairs = {
  repair: async () => 'failed',
  hurry: () => {},
  spread: () => {},
}
