/** COMMIT: a candidate was chosen and becomes visible, with its container row queued in the same step. */
import { isTrueValue } from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { isRefusal } from '#backend/refusal.ts'
import { CONTAINER_UPDATE_QUEUED_HEADER, INCOMPLETE_HEADER } from '#base/extensions.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import type { UpdatesOf } from '../engine.ts'
import { deliverRows, rowsOfChange } from '../rows-of-change.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { diskFailed, type ObjectTarget, writeTarget } from '../target.ts'
import { proposalIn } from './proposal.ts'

export async function commitCandidate(server: ObjectServerContext, request: Request): Promise<Response> {
  await request.body.cancel()
  const { headers } = request
  const proposal = proposalIn(headers)
  if (isRefusal(proposal)) return proposal.response
  const target = await writeTarget(server, request, 'small')
  if (isRefusal(target)) return target.response
  const { acceptance } = proposal
  const committed = await target.engine.conditional.commit(target.name, {
    acceptance,
    updates: rowsOf(server, target, headers),
  })
  switch (committed.kind) {
    case 'disk_failed':
      return diskFailed(server, committed)
    case 'unknown':
      return answer(404)
    case 'known':
    case 'superseded':
      // What became of the rows is only known to whoever made it visible.
      return answer(200, { [CONTAINER_UPDATE_QUEUED_HEADER]: '' })
    case 'changed':
      spreadIncomplete(server, target, headers)
      return answer(201, {
        'x-backend-timestamp': target.timestamp,
        ...(await deliverRows(server, target, committed, headers)),
      })
  }
}

/** A primary that was away has no copy, and none of the others goes to a handoff by itself. */
function spreadIncomplete(
  server: ObjectServerContext,
  { name, policyIndex }: ObjectTarget,
  headers: HeaderMap,
): void {
  if (!isTrueValue(headers[INCOMPLETE_HEADER])) return
  const hash = server.device.replica(policyIndex)?.hashOf(name)
  if (hash !== undefined) server.repairs.spread({ policyIndex, hash })
}

/** Whoever finishes another's write does not know when the object expires: the ring says who gets the task. */
function rowsOf(server: ObjectServerContext, target: ObjectTarget, headers: HeaderMap): UpdatesOf {
  const rows = rowsOfChange(server, target, headers, (after) => [headers, after.headers])
  return (before, after) => {
    const isTold = headers['x-delete-at'] !== undefined
    const tasks = after === undefined || isTold ? [] : server.expirerQueue.rowsAgain(after)
    return [...rows(before, after), ...tasks]
  }
}
