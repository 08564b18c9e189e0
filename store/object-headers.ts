/** The headers of an object write: what goes to every copy, and what each copy tells the containers. */

import { STATUS_CHANGED_AT_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Placement } from '#cluster/placement.ts'
import { containerUpdatesNeeded, copiesWithoutStandIn } from '#cluster/quorum.ts'
import type { HeaderMap } from '#http/message.ts'
import { reservedNameHeaders } from './backend-headers.ts'
import { expirerContainer } from './expirer-container.ts'
import type { WrittenContainer } from './object-container.ts'
import type { ContainerName, ObjectName, OperationContext } from './operation.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { dealTargets } from './update-targets.ts'

/** Copies that remove an old task from the expirer's queue (Swift: `n_desired_queue_updates`). */
const QUEUE_CLEANERS = 2

export interface ObjectWrite {
  readonly context: OperationContext
  readonly name: ObjectName
  readonly container: WrittenContainer
  readonly timestamp: Timestamp
  readonly placement: Placement
  /** What the verb adds: metadata, content type, conditions. */
  readonly own: HeaderMap
}

/** One set of headers per copy. */
export function objectWriteHeaders(parts: StoreParts, write: ObjectWrite): readonly HeaderMap[] {
  const { context, name, container, timestamp, placement, own } = write
  const copies = placement.primaries.length
  const nextPartPower = parts.rings.object(container.policyIndex)?.nextPartPower
  const common: HeaderMap = {
    ...own,
    ...reservedNameHeaders(name),
    'x-trans-id': context.txId,
    'x-timestamp': timestamp,
    'x-backend-storage-policy-index': String(container.policyIndex),
    [STATUS_CHANGED_AT_HEADER]: container.statusChangedAt,
    ...(nextPartPower === undefined ? {} : { 'x-backend-next-part-power': String(nextPartPower) }),
  }
  const rows = containerRows(parts, name, container.shard, placement)
  const tasks = expirerTasks(parts, name, own['x-delete-at'], copies)
  return rows.map((targets, copy) => ({
    ...common,
    ...targets,
    ...tasks[copy],
    'x-backend-clean-expiring-object-queue': copy < QUEUE_CLEANERS ? 't' : 'f',
  }))
}

function containerRows(
  parts: StoreParts,
  name: ObjectName,
  shard: ContainerName | undefined,
  { primaries, handoffs }: Placement,
): readonly HeaderMap[] {
  const { account, container } = shard ?? name
  const copies = primaries.length
  const placement = parts.containerPlacement(account, container)
  const namings = containerUpdatesNeeded(placement.primaries.length, copies)
  // Where a lost copy has no handoff, what it would have told is told by another copy, or a listing would lack the row.
  const copiesEach = 1 + copiesWithoutStandIn(copies, handoffs.length)
  const dealt = dealTargets(copies, { prefix: 'x-container', placement, namings, from: 'first', copiesEach })
  if (shard === undefined) return dealt
  const quotedPath = pathOnWire(shard).slice(1)
  return dealt.map((targets) => ({
    ...targets,
    'x-backend-quoted-container-path': quotedPath,
    'x-container-root-db-state': 'sharded',
  }))
}

/** Rows of the expirer's queue, dealt from the last copy on. */
function expirerTasks(
  parts: StoreParts,
  name: ObjectName,
  deleteAt: string | undefined,
  copies: number,
): readonly HeaderMap[] {
  if (deleteAt === undefined || deleteAt === '') return []
  const { expirerAccount, expirerDivisorSeconds } = parts.rules
  const container = expirerContainer(Number(deleteAt), expirerDivisorSeconds, name, parts.salt)
  const placement = parts.containerPlacement(expirerAccount, container)
  const namings = containerUpdatesNeeded(placement.primaries.length, copies)
  const dealt = dealTargets(copies, { prefix: 'x-delete-at', placement, namings, from: 'last' })
  return dealt.map((targets) => ({ ...targets, 'x-delete-at-container': container }))
}
