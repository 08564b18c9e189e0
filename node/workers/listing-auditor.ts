/** The auditor of listings against objects, on a device. */
import { createListingAuditor } from '#auditor/listing-auditor.ts'
import { type ListingWitness, StoreWitness } from '#auditor/listing-witness.ts'
import { hashName, type ResourceName } from '#base/names.ts'
import type { Ring } from '#ring/ring.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'
import { workerStoreOf } from '../worker-store.ts'

export const listingAuditorWorker: MakeWorker = (context) => {
  const { environment, log, foreground, device, policies, settings } = context
  const { listingsPerSecond, listingGraceMs, listingRepair, everyMs } = settings.auditor
  const { device: objects } = device.objects
  return createListingAuditor({
    clock: environment.clock,
    log,
    foreground,
    policies: policies.all.flatMap(({ index }) => {
      const access = objects.audit(index)
      return access === undefined ? [] : [{ policyIndex: index, access }]
    }),
    containers: device.containers.index,
    witness: witnessOf(context),
    notes: objects.notes,
    namesPerSecond: listingsPerSecond,
    graceMs: listingGraceMs,
    action: listingRepair,
    everyMs,
  })
}

/** Made when it is first needed; what the ring alone can tell is told at once. */
function witnessOf(context: WorkerContext): ListingWitness {
  const { environment, host, device, rings, salt } = context
  let made: Promise<ListingWitness> | undefined
  const witness = (): Promise<ListingWitness> => {
    made ??= workerStoreOf(context).then(
      ({ parts }) =>
        new StoreWitness({
          clock: environment.clock,
          parts,
          isSelf: (node) => node.host === host && node.device === device.name,
        }),
    )
    return made
  }
  const isFirst = (ring: Ring | undefined, name: ResourceName): boolean => {
    const first = ring?.primaries(ring.partitionOf(hashName(name, salt)))[0]
    return first !== undefined && first.ip === host && first.device === device.name
  }
  return {
    looksAfterObject: (name, policyIndex) => isFirst(rings.object(policyIndex)?.ring, name),
    looksAfterContainer: (account, container) => isFirst(rings.container.ring, { account, container }),
    rowOf: async (...asked) => (await witness()).rowOf(...asked),
    objectOf: async (...asked) => (await witness()).objectOf(...asked),
    removeRow: async (...asked) => (await witness()).removeRow(...asked),
  }
}
