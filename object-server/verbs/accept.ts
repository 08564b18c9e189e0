/** ACCEPT: a candidate whose body is here already, or that has none (a removal). */
import { isRefusal } from '#backend/refusal.ts'
import type { Request, Response } from '#http/message.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { diskFailed, writeTarget } from '../target.ts'
import { proposalIn, voteAnswer } from './proposal.ts'

export async function acceptCandidate(server: ObjectServerContext, request: Request): Promise<Response> {
  await request.body.cancel()
  const proposal = proposalIn(request.headers)
  if (isRefusal(proposal)) return proposal.response
  const target = await writeTarget(server, request, 'small')
  if (isRefusal(target)) return target.response
  const accepted = await target.engine.conditional.accept(target.name, proposal)
  if (accepted.kind === 'disk_failed') return diskFailed(server, accepted)
  return voteAnswer(accepted, proposal.acceptance.candidate.id)
}
