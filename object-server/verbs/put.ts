/**
 * PUT: refuse what can be refused before the body, receive it, compare what the sender said about it, make it durable,
 * tell the container (OpenStack Swift, `obj/server.py`: `PUT`).
 */
import { isTrueValue } from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { isRefusal, Refusal } from '#backend/refusal.ts'
import { BLOCK_CRCS_HEADER, PROPOSAL_HEADER } from '#base/extensions.ts'
import { parseTags } from '#http/conditionals.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import type { ObjectWriter } from '../engine.ts'
import { putMetadata } from '../metadata-headers.ts'
import { deliverRows, rowsOfChange } from '../rows-of-change.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { diskFailed, type ObjectTarget, writeTarget } from '../target.ts'
import { planUpload, type UploadPlan } from '../upload.ts'
import { proposeObject } from './propose.ts'
import { acceptableHeaders, receiveAgreed } from './put-checks.ts'

export async function putObject(server: ObjectServerContext, request: Request): Promise<Response> {
  const isProposal = request.headers[PROPOSAL_HEADER] !== undefined
  const response = await (isProposal ? proposeObject(server, request) : put(server, request))
  await request.body.cancel()
  return response
}

async function put(server: ObjectServerContext, request: Request): Promise<Response> {
  const plan = planUpload(request)
  if (isRefusal(plan)) return plan.response
  const target = await writeTarget(server, request, { bytes: plan.objectBytes ?? 0 })
  if (isRefusal(target)) return target.response
  const headers = acceptableHeaders(target, plan)
  if (isRefusal(headers)) return headers.response
  const refused = await refuseByWhatIsThere(server, target, headers)
  if (refused !== undefined) return refused.response
  const crcsFollow = headers[BLOCK_CRCS_HEADER] === 'footer' && plan.boundary !== undefined
  const writer = target.engine.beginWrite(target.name, { hashing: crcsFollow ? 'crc_only' : 'md5' })
  try {
    return await store(server, target, plan, headers, writer)
  } finally {
    await writer.abort()
  }
}

/** 412 and 409, before the sender is told to go on. */
async function refuseByWhatIsThere(
  server: ObjectServerContext,
  target: ObjectTarget,
  headers: HeaderMap,
): Promise<Refusal | undefined> {
  const found = await target.engine.lookUp(target.name, { at: target.timestamp, expired: 'hide' })
  if (found.kind === 'disk_failed') return new Refusal(diskFailed(server, found))
  if (found.kind === 'collision') return new Refusal(answer(403))
  if (found.kind === 'missing' || found.kind === 'quarantined') return undefined
  const unwanted = found.kind === 'found' ? parseTags(headers['if-none-match']) : undefined
  if (found.kind === 'found' && unwanted?.matches(found.object.etag) === true) return new Refusal(answer(412))
  const timestamp = found.kind === 'deleted' ? found.timestamp : found.object.dataTimestamp
  if (timestamp < target.timestamp || mayWinTie(timestamp, target, headers)) return undefined
  return new Refusal(answer(409, { 'x-backend-timestamp': timestamp }))
}

/** Between replicas, equal timestamps are decided by the ETag; to a client something as new is a conflict. */
function mayWinTie(timestamp: string, target: ObjectTarget, headers: HeaderMap): boolean {
  return timestamp === target.timestamp && isTrueValue(headers['x-backend-replication'])
}

async function store(
  server: ObjectServerContext,
  target: ObjectTarget,
  plan: UploadPlan,
  headers: HeaderMap,
  writer: ObjectWriter,
): Promise<Response> {
  const received = await receiveAgreed(server, plan, headers, writer)
  if (isRefusal(received)) return received.response
  const { etag, footers } = received
  const committed = await writer.commit({
    timestamp: target.timestamp,
    etag,
    contentType: headers['content-type'] ?? '',
    headers: putMetadata(headers, footers, server.allowedHeaders),
    updates: rowsOfChange(server, target, headers, () => [headers, footers]),
  })
  switch (committed.kind) {
    case 'disk_failed':
      return diskFailed(server, committed)
    case 'newer_exists':
      return answer(409, { 'x-backend-timestamp': committed.timestamp })
    case 'changed':
      return answer(201, {
        etag: `"${etag}"`,
        'x-backend-timestamp': target.timestamp,
        ...(await deliverRows(server, target, committed, headers)),
      })
  }
}
