/**
 * A PUT or DELETE with a condition, by agreement of the primaries (`docs/decisions/0005-conditional-writes.md`): puts
 * together what the proposer needs, and says what its outcome is to the store.
 */

import { STATUS_CHANGED_AT_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { BodyFailure, CandidateBody } from '#cluster/conditional-body.ts'
import type { CommitVote } from '#cluster/conditional-messages.ts'
import { NodeElectorate } from '#cluster/conditional-nodes.ts'
import { type ConditionalOutcome, writeConditionally } from '#cluster/conditional-write.ts'
import type { WriteAnswer } from '#cluster/fan-out-write.ts'
import type { Placement } from '#cluster/placement.ts'
import type { HeaderMap } from '#http/message.ts'
import { reservedNameHeaders } from './backend-headers.ts'
import type { WriteCondition } from './condition.ts'
import type { StoreFailure } from './failure.ts'
import type { WrittenContainer } from './object-container.ts'
import { objectWriteHeaders } from './object-headers.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import { isListingPending } from './row-evidence.ts'
import type { ConditionalEnd } from './store-metrics.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { conditionOf, etagIsAt } from './write-condition.ts'
import { failureOf, verdictOf } from './write-outcome.ts'

export interface AgreedWrite {
  readonly context: OperationContext
  readonly name: ObjectName
  readonly container: WrittenContainer
  readonly placement: Placement
  readonly condition: WriteCondition
  /** Metadata and content type of a PUT. */
  readonly own: HeaderMap
  /** `undefined` for a DELETE. */
  readonly body: CandidateBody | undefined
}

export type Agreed =
  | {
      readonly kind: 'agreed'
      readonly timestamp: Timestamp
      readonly answers: readonly WriteAnswer[]
      /** Of the body; empty and 0 for a DELETE. */
      readonly etag: string
      readonly sizeBytes: number
    }
  /** The condition does not hold; what is there has this kind. */
  | { readonly kind: 'refused'; readonly there: 'found' | 'absent' }
  /** A primary cannot promise anything. */
  | { readonly kind: 'unsupported' }
  | StoreFailure

/** Longest wait for other conditional writes of the same name in this process, milliseconds. */
const TURN_WAIT_MS = 3000

export async function writeByAgreement(parts: StoreParts, write: AgreedWrite): Promise<Agreed> {
  // Who waits for a long body to arrive would wait for its sender.
  if (write.body?.kind === 'stream') return await propose(parts, write)
  const turn = await parts.turns.take(pathOnWire(write.name), TURN_WAIT_MS)
  try {
    return await propose(parts, write)
  } finally {
    turn.end()
  }
}

async function propose(parts: StoreParts, write: AgreedWrite): Promise<Agreed> {
  const electorate = electorateOf(parts, write)
  const outcome = await writeConditionally({
    clock: parts.clock,
    random: parts.random,
    timestamps: parts.timestamps,
    electorate,
    kind: write.body === undefined ? 'tombstone' : 'data',
    condition: conditionOf(write.condition),
    patienceMs: parts.rules.conditionalPatienceMs,
  })
  parts.observer.conditional(ENDS[outcome.kind])
  return agreedOf(outcome, electorate.facts)
}

const ENDS: Readonly<Record<ConditionalOutcome<CommitVote, BodyFailure>['kind'], ConditionalEnd>> = {
  committed: 'written',
  condition_false: 'refused',
  undecided: 'undecided',
  overtaken: 'failed',
  failed: 'failed',
  unsupported: 'best_effort',
}

function electorateOf(parts: StoreParts, write: AgreedWrite): NodeElectorate {
  const { context, name, container, placement, condition, own, body } = write
  const containerReplicas = parts.containerPlacement(name.account, name.container).primaries.length
  return new NodeElectorate({
    client: parts.client,
    random: parts.random,
    placement,
    path: pathOnWire(name),
    common: {
      ...reservedNameHeaders(name),
      'x-trans-id': context.txId,
      'x-backend-storage-policy-index': String(container.policyIndex),
      [STATUS_CHANGED_AT_HEADER]: container.statusChangedAt,
      'x-backend-etag-is-at': etagIsAt(condition),
    },
    stored: own,
    body,
    commitHeaders: (timestamp, nodes) =>
      objectWriteHeaders(parts, { context, name, container, timestamp, placement: nodes, own }).map(
        (headers) => ({
          ...headers,
          'content-length': '0',
        }),
      ),
    rowRules: {
      isSettled: (answers) => !isListingPending(answers, containerReplicas),
      patienceMs: parts.client.nodeTimeoutMs,
    },
  })
}

function agreedOf(
  outcome: ConditionalOutcome<CommitVote, BodyFailure>,
  facts: NodeElectorate['facts'],
): Agreed {
  switch (outcome.kind) {
    case 'committed': {
      const answers = outcome.answers.map(({ answer }) => answer)
      const { etag, sizeBytes } = facts ?? { etag: '', sizeBytes: 0 }
      return { kind: 'agreed', timestamp: outcome.timestamp, answers, etag, sizeBytes }
    }
    case 'condition_false':
      return { kind: 'refused', there: outcome.newest.kind }
    case 'overtaken':
      return { kind: 'conflict', newest: outcome.newest }
    case 'undecided':
    case 'unsupported':
      return outcome
    case 'failed':
      return bodyFailure(outcome.failure)
  }
}

function bodyFailure(failure: BodyFailure): StoreFailure {
  switch (failure.kind) {
    case 'too_large':
      return { kind: 'too_large', limitBytes: 0 }
    case 'refused': {
      const { answers } = failure
      const verdict = verdictOf(answers, answers.length)
      return failureOf(verdict, answers)
    }
    case 'etag_mismatch':
    case 'client_gone':
    case 'client_timeout':
    case 'unavailable':
      return failure
  }
}
