/**
 * PROMISE: may the proposer with this ballot count on this replica, and what is there
 * (`docs/decisions/0005-conditional-writes.md`)? Without a ballot nothing is promised: handoffs are asked so.
 */
import { answer, textAnswer } from '#backend/answers.ts'
import { isRefusal } from '#backend/refusal.ts'
import { type Acceptance, formatAcceptance, parseBallot, timeOf } from '#base/ballot.ts'
import { ACCEPTED_HEADER, BALLOT_HEADER, COMMITTED_HEADER, STATE_HEADER } from '#base/extensions.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import type { Promised } from '../conditional.ts'
import { writtenAt } from '../object-state.ts'
import { conditionalEtag } from '../response-headers.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { isExpired } from '../stored-object.ts'
import { diskFailed, readTarget, writeTarget } from '../target.ts'

const STATUS: Readonly<Record<Promised['kind'], number>> = { promised: 202, outvoted: 409, told: 200 }

export async function promiseObject(server: ObjectServerContext, request: Request): Promise<Response> {
  await request.body.cancel()
  const { headers } = request
  const written = headers[BALLOT_HEADER]
  const ballot = parseBallot(written)
  if (written !== undefined && ballot === undefined) return textAnswer(400, 'Invalid ballot')
  // A ballot far in the future would lock every honest proposer out: its time is held to the rule of all timestamps.
  if (ballot !== undefined && timeOf(ballot) !== headers['x-timestamp']) {
    return textAnswer(400, 'X-Timestamp is not that of the ballot')
  }
  const target = await (ballot === undefined
    ? readTarget(server, request)
    : writeTarget(server, request, 'small'))
  if (isRefusal(target)) return target.response
  const promised = await target.engine.conditional.promise(target.name, ballot)
  if (promised.kind === 'disk_failed') return diskFailed(server, promised)
  if (promised.object !== undefined && promised.object.name !== target.name) return answer(403)
  return answer(STATUS[promised.kind], {
    [BALLOT_HEADER]: promised.record.promised,
    [ACCEPTED_HEADER]: textOf(promised.record.accepted),
    [COMMITTED_HEADER]: textOf(promised.record.committed),
    ...stateHeaders(promised, target.timestamp, headers),
  })
}

function textOf(acceptance: Acceptance | undefined): string | undefined {
  return acceptance === undefined ? undefined : formatAcceptance(acceptance)
}

/** What a condition is held against. An expired object is not there any more. */
function stateHeaders({ state, object }: Promised, at: Timestamp, request: HeaderMap): HeaderMap {
  if (state.lost !== undefined || (state.data !== undefined && object === undefined)) {
    return { [STATE_HEADER]: 'unknown' }
  }
  const dataTimestamp = writtenAt(state) ?? ZERO_TIMESTAMP
  const isThere = object !== undefined && !isExpired(object, at)
  return {
    [STATE_HEADER]: isThere ? 'found' : 'absent',
    'x-backend-timestamp': object?.changedAt ?? dataTimestamp,
    'x-backend-data-timestamp': dataTimestamp,
    etag: isThere ? `"${conditionalEtag(object, request)}"` : undefined,
  }
}
