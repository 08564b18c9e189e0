/** PUT of a container's row: a container server tells what a container has. */
import { AUTO_CREATE_ACCOUNT_PREFIX, type ContainerAddress } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { requestTimestamp } from '#backend/timestamp-header.ts'
import { REPORT_SENT_HEADER } from '#base/extensions.ts'
import { MAX_CLOCK_AHEAD_SECONDS } from '#base/limits.ts'
import { parseTimestamp, TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import { mergeContainerReport } from '#db/account-rules.ts'
import { type ContainerRow, isOlderReport, latestReport } from '#db/container-row.ts'
import type { DatabaseName } from '#db/info.ts'
import type { Request, Response } from '#http/message.ts'
import type { AccountService } from '../service.ts'

export async function containerPut(
  service: AccountService,
  request: Request,
  address: ContainerAddress,
): Promise<Response> {
  const reportedAt = service.stamps.next()
  const timestamp =
    request.headers['x-timestamp'] === undefined ? reportedAt : requestTimestamp(request, service)
  if (timestamp instanceof Refusal) return timestamp.response
  if (comesLate(service, request)) return textAnswer(408, 'These figures were told more than a minute ago')
  const row = rowOf(request, address.container, reportedAt)
  if (row instanceof Refusal) return row.response
  const name = { account: address.account }
  const rule = mergeContainerReport({
    name,
    timestamp,
    autoCreate: address.account.startsWith(AUTO_CREATE_ACCOUNT_PREFIX) ? 'create' : 'refuse',
    deletedAccount: isOverride(request) ? 'accept' : 'refuse',
  })
  if ((await service.index.apply(name, [row], rule)) === 'not_found') return answer(404)
  const laterRow = await outvoted(service, name, row)
  if (laterRow !== undefined) {
    service.stamps.observe(laterRow.reportedAt)
    await service.index.apply(name, [{ ...row, reportedAt: service.stamps.next() }], rule)
  }
  return answer(row.deleteTimestamp > row.putTimestamp ? 204 : 201)
}

/**
 * Was it on its way for so long that its sender has given up waiting and told newer figures since? The last to arrive is believed, so
 * what a server that was stopped finds in its sockets must not be. OpenStack Swift's container servers do not say when they told it.
 */
function comesLate({ clock }: AccountService, { headers }: Request): boolean {
  const sent = parseTimestamp(headers[REPORT_SENT_HEADER] ?? '')
  if (sent === undefined) return false
  return clock.wallMs() / 1000 - ticksOf(sent) / TICKS_PER_SECOND > MAX_CLOCK_AHEAD_SECONDS
}

/**
 * The row that stands although this report came after it: a server whose clock was ahead had taken it. `undefined` when
 * the report counts.
 */
async function outvoted(
  { index, clock }: AccountService,
  name: DatabaseName,
  { name: container, reportedAt }: ContainerRow,
): Promise<ContainerRow | undefined> {
  const [stored] = await index.named(name, 0, [container])
  const isOutvoted = stored !== undefined && isOlderReport(reportedAt, stored.reportedAt, latestReport(clock))
  return isOutvoted ? stored : undefined
}

function isOverride(request: Request): boolean {
  return request.headers['x-account-override-deleted']?.toLowerCase() === 'yes'
}

function rowOf(
  request: Request,
  name: string,
  reportedAt: ContainerRow['reportedAt'],
): ContainerRow | Refusal {
  const { headers } = request
  const putTimestamp = parseTimestamp(headers['x-put-timestamp'] ?? '')
  const deleteTimestamp = parseTimestamp(headers['x-delete-timestamp'] ?? '')
  const objects = countOf(headers['x-object-count'])
  const bytes = countOf(headers['x-bytes-used'])
  const policyIndex = countOf(headers['x-backend-storage-policy-index'] ?? '0')
  if (putTimestamp === undefined) return refuse('X-Put-Timestamp')
  if (deleteTimestamp === undefined) return refuse('X-Delete-Timestamp')
  if (objects === undefined) return refuse('X-Object-Count')
  if (bytes === undefined) return refuse('X-Bytes-Used')
  if (policyIndex === undefined) return refuse('X-Backend-Storage-Policy-Index')
  return { name, putTimestamp, deleteTimestamp, reportedAt, objects, bytes, policyIndex }
}

function countOf(written: string | undefined): number | undefined {
  return written !== undefined && /^\d{1,15}$/.test(written) ? Number(written) : undefined
}

function refuse(header: string): Refusal {
  return new Refusal(textAnswer(400, `Missing or invalid ${header} header`))
}
