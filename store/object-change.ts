/** What POST and DELETE of an object share: a small write that is tried once more when something newer has overtaken it. */
import type { Timestamp } from '#base/timestamp.ts'
import { fanOutWrite, type WriteAnswer } from '#cluster/fan-out-write.ts'
import type { HeaderMap } from '#http/message.ts'
import type { StoreFailure } from './failure.ts'
import { noRing, type WrittenContainer } from './object-container.ts'
import { objectWriteHeaders } from './object-headers.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import { waitForRows } from './row-evidence.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { isOvertaken, newestIn, type Verdict, verdictOf } from './write-outcome.ts'

export interface ObjectChange {
  readonly method: 'POST' | 'DELETE'
  readonly context: OperationContext
  readonly name: ObjectName
  readonly container: WrittenContainer
  readonly own: HeaderMap
  /** The time that the client dictates; then nothing is tried twice. */
  readonly timestamp: Timestamp | undefined
  readonly overrides?: ReadonlyMap<number, number>
}

export interface Changed {
  readonly kind: 'changed'
  readonly verdict: Verdict
  readonly answers: readonly WriteAnswer[]
  readonly timestamp: Timestamp
  readonly containerReplicas: number
}

/** A quorum took it, and it comes to nothing. */
interface Overtaken extends Omit<Changed, 'kind'> {
  readonly kind: 'overtaken'
}

/** Sends the change to all copies; the verdict may be a refusal. */
export async function changeObject(parts: StoreParts, change: ObjectChange): Promise<Changed | StoreFailure> {
  const first = await attempt(parts, change, change.timestamp ?? (await parts.timestamps.next()))
  if (change.timestamp !== undefined) return orConflict(first)
  if (first.kind !== 'overtaken' && (first.kind !== 'changed' || first.verdict.status < 300)) return first
  const newest = newestIn(first.answers)
  if (newest === undefined) return orConflict(first)
  parts.observer.overtaken(change.method)
  parts.timestamps.observe(newest)
  return orConflict(await attempt(parts, change, await parts.timestamps.next()))
}

/** What is overtaken again is not done. */
function orConflict(outcome: Changed | Overtaken | StoreFailure): Changed | StoreFailure {
  return outcome.kind === 'overtaken' ? { kind: 'conflict', newest: newestIn(outcome.answers) } : outcome
}

async function attempt(
  parts: StoreParts,
  change: ObjectChange,
  timestamp: Timestamp,
): Promise<Changed | Overtaken | StoreFailure> {
  const { method, context, name, container, own, overrides } = change
  const placement = parts.objectPlacement(container.policyIndex, name)
  if (placement === undefined) return noRing(container.policyIndex)
  const containerReplicas = parts.containerPlacement(name.account, name.container).primaries.length
  const headers = objectWriteHeaders(parts, {
    context,
    name,
    container,
    timestamp,
    placement,
    own: { ...own, 'content-length': '0' },
  })
  const answers = await fanOutWrite(parts.client, {
    server: 'object',
    method,
    path: pathOnWire(name),
    placement,
    headers,
    rules: waitForRows(headers.length, containerReplicas, parts.client.nodeTimeoutMs),
  })
  const verdict = verdictOf(answers, headers.length, overrides)
  const isTaken = verdict.status >= 200 && verdict.status < 300
  const kind = isTaken && isOvertaken(answers, placement) ? 'overtaken' : 'changed'
  return { kind, verdict, answers, timestamp, containerReplicas }
}
