/**
 * The replicator of one device's objects: makes what the ring gives to the device equal with its peers, hands over what
 * belongs elsewhere, forgets tombstones that everybody has. One pass is a survey by digests and then work on what
 * differs, the worst first. Idempotent; it may be killed anywhere and run twice.
 */
import { ObjectFetcher } from '#object-server/replication/fetcher.ts'
import { Peers } from '#object-server/replication/peer.ts'
import { UnitDigests } from '#object-server/replication/unit-digests.ts'
import type { Figures, PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import type { ObjectReplicatorOptions, Policy, PolicySource } from './objects-parts.ts'
import { PolicyReplicator } from './objects-policy.ts'

const NAME = 'replicator'
/** Between two passes. OpenStack Swift: `[object-replicator] interval`, 30 s. */
const PAUSE_MS = 30_000
/** After the start, and while a pass got on with something that is not finished. */
const SOON_MS = 1_000
/** A pass that looked only is followed by at least so many times its length. */
const PAUSE_PER_PASS = 20

export interface ObjectReplicator extends Worker {
  /** Tells the ledgers what the rings in use give to this device. To be awaited before the device serves. */
  readonly learnRings: () => Promise<void>
}

export function createObjectReplicator(options: ObjectReplicatorOptions): ObjectReplicator {
  const { clock, log, repairs } = options
  const replicators = options.policies.map((source) => {
    return new PolicyReplicator(policyOf(options, source), options)
  })
  let isUnfinished = true
  let isSomebodyAway = false
  let pauseMs = SOON_MS
  const pass = async (pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> => {
    const startedMs = clock.monotonicMs()
    isUnfinished = false
    for (const replicator of replicators) {
      if ((await replicator.run(pass, how)) === 'got_on') isUnfinished = true
    }
    const { waiting } = pass.report('complete')
    isSomebodyAway = (waiting['partitions_astray'] ?? 0) > 0
    const tookMs = clock.monotonicMs() - startedMs
    pauseMs = isUnfinished ? SOON_MS : Math.max(options.pauseMs ?? PAUSE_MS, tookMs * PAUSE_PER_PASS)
    return how.signal.aborted ? 'stopped' : 'complete'
  }
  const worker = passWorker({
    name: NAME,
    clock,
    log,
    unit: 'partitions',
    pauseMs: () => pauseMs,
    pass,
    live: async (): Promise<Figures> => ({ repairs_waiting: repairs.waiting }),
    // While somebody is away every write in its place would ask for a pass that can do nothing.
    onUrgent: (wake) =>
      repairs.onUrgent((urgency) => {
        if (urgency !== 'partition' || !isSomebodyAway) wake()
      }),
  })
  return {
    ...worker,
    learnRings: async () => {
      for (const replicator of replicators) await replicator.learnRing()
    },
  }
}

function policyOf(options: ObjectReplicatorOptions, source: PolicySource): Policy {
  const { transport, log, clock, drive, admit } = options
  const peers = new Peers({ transport, policyIndex: source.index, log })
  const fetcher = new ObjectFetcher({ replica: source.replica, drive, peers, clock, log, admit })
  return { ...source, peers, fetcher, digests: new UnitDigests(source.replica) }
}
