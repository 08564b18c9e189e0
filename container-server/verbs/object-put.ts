/** PUT of a row: an object server says that an object was written. */
import type { ObjectAddress } from '#backend/address.ts'
import { textAnswer } from '#backend/answers.ts'
import { requestedPolicyIndex } from '#backend/policy-header.ts'
import { Refusal } from '#backend/refusal.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { hasControls, type ObjectRow, putRow, withoutControls } from '#db/object-row.ts'
import type { Request, Response } from '#http/message.ts'
import { writeRows } from '../row-write.ts'
import type { ContainerService } from '../service.ts'

export async function objectPut(
  service: ContainerService,
  request: Request,
  address: ObjectAddress,
  timestamp: Timestamp,
): Promise<Response> {
  const requested = requestedPolicyIndex(request, service.policies)
  if (requested instanceof Refusal) return requested.response
  // Swift's object servers of before storage policies send none; their rows belong to policy 0.
  const policyIndex = requested ?? 0
  const row = rowOf(request, address, timestamp, policyIndex)
  if (row instanceof Refusal) return row.response
  return writeRows(service, { request, address, timestamp, policyIndex, rows: [row], success: 201 })
}

function rowOf(
  request: Request,
  address: ObjectAddress,
  timestamp: Timestamp,
  policyIndex: number,
): ObjectRow | Refusal {
  const { headers } = request
  const size = headers['x-size'] ?? ''
  const contentType = headers['x-content-type']
  const etag = headers['x-etag']
  if (!/^\d{1,15}$/.test(size)) return refuse('X-Size must be a number of bytes')
  if (contentType === undefined || etag === undefined) return refuse('X-Content-Type and X-Etag are required')
  if (hasControls(etag)) return refuse('X-Etag must be plain text')
  const contentTypeTimestamp = optionalTimestamp(headers['x-content-type-timestamp'])
  const metaTimestamp = optionalTimestamp(headers['x-meta-timestamp'])
  if (contentTypeTimestamp === 'malformed') return refuse('Invalid X-Content-Type-Timestamp header')
  if (metaTimestamp === 'malformed') return refuse('Invalid X-Meta-Timestamp header')
  return putRow({
    name: address.object,
    policyIndex,
    timestamp,
    sizeBytes: Number(size),
    etag: textOf(etag),
    contentType: withoutControls(textOf(contentType)),
    contentTypeTimestamp,
    metaTimestamp: metaTimestamp ?? contentTypeTimestamp,
  })
}

function optionalTimestamp(written: string | undefined): Timestamp | undefined | 'malformed' {
  return written === undefined ? undefined : (parseTimestamp(written) ?? 'malformed')
}

/** Header bytes as text. */
function textOf(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

function refuse(text: string): Refusal {
  return new Refusal(textAnswer(400, text))
}
