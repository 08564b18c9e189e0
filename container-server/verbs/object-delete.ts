/** DELETE of a row: an object server says that an object was deleted. The row stays, as a tombstone. */
import type { ObjectAddress } from '#backend/address.ts'
import { requestedPolicyIndex } from '#backend/policy-header.ts'
import { Refusal } from '#backend/refusal.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { deletedRow } from '#db/object-row.ts'
import type { Request, Response } from '#http/message.ts'
import { writeRows } from '../row-write.ts'
import type { ContainerService } from '../service.ts'

export async function objectDelete(
  service: ContainerService,
  request: Request,
  address: ObjectAddress,
  timestamp: Timestamp,
): Promise<Response> {
  const requested = requestedPolicyIndex(request, service.policies)
  if (requested instanceof Refusal) return requested.response
  const policyIndex = requested ?? 0
  const rows = [deletedRow(address.object, policyIndex, timestamp)]
  return writeRows(service, { request, address, timestamp, policyIndex, rows, success: 204 })
}
