/**
 * PUT of a candidate: the body is received as for every PUT, made durable where nobody sees it, and accepted if the
 * ballot is still good by then. A body that comes too late for its ballot is kept for a while, so that it need not
 * travel again (ACCEPT).
 */

import { answer } from '#backend/answers.ts'
import { isRefusal } from '#backend/refusal.ts'
import { BLOCK_CRCS_HEADER } from '#base/extensions.ts'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import { accept } from '../acceptor.ts'
import type { ObjectWriter } from '../engine.ts'
import { putMetadata } from '../metadata-headers.ts'
import { writtenAt } from '../object-state.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { diskFailed, type ObjectTarget, writeTarget } from '../target.ts'
import { planUpload, type UploadPlan } from '../upload.ts'
import { type Proposal, proposalIn, voteAnswer } from './proposal.ts'
import { acceptableHeaders, receiveAgreed } from './put-checks.ts'

interface Upload {
  readonly plan: UploadPlan
  readonly headers: HeaderMap
  readonly proposal: Proposal
}

export async function proposeObject(server: ObjectServerContext, request: Request): Promise<Response> {
  const proposal = proposalIn(request.headers)
  if (isRefusal(proposal)) return proposal.response
  const plan = planUpload(request)
  if (isRefusal(plan)) return plan.response
  const target = await writeTarget(server, request, { bytes: plan.objectBytes ?? 0 })
  if (isRefusal(target)) return target.response
  const headers = acceptableHeaders(target, plan)
  if (isRefusal(headers)) return headers.response
  const refused = await refuseBeforeBody(server, target, proposal)
  if (refused !== undefined) return refused
  const crcsFollow = headers[BLOCK_CRCS_HEADER] === 'footer' && plan.boundary !== undefined
  const writer = target.engine.beginWrite(target.name, { hashing: crcsFollow ? 'crc_only' : 'md5' })
  try {
    return await store(server, target, { plan, headers, proposal }, writer)
  } finally {
    await writer.abort()
  }
}

/** A ballot that is out of date already needs no body. */
async function refuseBeforeBody(
  server: ObjectServerContext,
  target: ObjectTarget,
  { acceptance, mode }: Proposal,
): Promise<Response | undefined> {
  const told = await target.engine.conditional.promise(target.name, undefined)
  if (told.kind === 'disk_failed') return diskFailed(server, told)
  if (told.object !== undefined && told.object.name !== target.name) return answer(403)
  const vote = accept(told.record, acceptance, mode, writtenAt(told.state) ?? ZERO_TIMESTAMP)
  if (vote.kind === 'yes') return undefined
  return voteAnswer({ kind: vote.kind, record: vote.record }, acceptance.candidate.id)
}

async function store(
  server: ObjectServerContext,
  target: ObjectTarget,
  { plan, headers, proposal }: Upload,
  writer: ObjectWriter,
): Promise<Response> {
  const received = await receiveAgreed(server, plan, headers, writer)
  if (isRefusal(received)) return received.response
  const { etag, footers } = received
  const { id } = proposal.acceptance.candidate
  const staged = await writer.stage({
    candidate: id,
    etag,
    contentType: headers['content-type'] ?? '',
    headers: putMetadata(headers, footers, server.allowedHeaders),
  })
  if (staged.kind === 'disk_failed') return diskFailed(server, staged)
  const accepted = await target.engine.conditional.accept(target.name, proposal)
  return accepted.kind === 'disk_failed' ? diskFailed(server, accepted) : voteAnswer(accepted, id)
}
