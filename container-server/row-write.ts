/**
 * Writing rows into a container's index, for all verbs that do so. The answer says that the rows are applied, durably;
 * and when the writer told what it believed about the container (its storage policy and when its status changed last)
 * and that is not so, the answer says what is, so that a proxy can start over with the right policy.
 */
import type { ContainerAddress } from '#backend/address.ts'
import { AUTO_CREATE_ACCOUNT_PREFIX, isTrueValue } from '#backend/address.ts'
import { type AnswerHeaders, answer, textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { ROW_HEADER, STATUS_CHANGED_AT_HEADER } from '#base/extensions.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { type Belief, mergeRows, type RowsCommand } from '#db/container-rules.ts'
import type { DatabaseInfo } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import type { Request, Response } from '#http/message.ts'
import { receiveRows } from './late-rows.ts'
import type { ContainerService } from './service.ts'

export interface RowWrite {
  readonly request: Request
  readonly address: ContainerAddress
  readonly timestamp: Timestamp
  /** Policy of a container that is made because rows need it; `undefined` when the request named none. */
  readonly policyIndex: number | undefined
  readonly rows: readonly ObjectRow[]
  /** Status when the rows are in the index. */
  readonly success: number
}

export async function writeRows(service: ContainerService, write: RowWrite): Promise<Response> {
  const { address, request } = write
  const name = { account: address.account, container: address.container }
  const autoCreate = autoCreation(write)
  if (autoCreate instanceof Refusal) return autoCreate.response
  if ((await receiveRows(service, name, write.rows)) === 'not_now') return answer(503)
  const command: RowsCommand = {
    name,
    timestamp: write.timestamp,
    autoCreate,
    belief: beliefOf(request, write),
  }
  const result = await service.index.apply(name, write.rows, mergeRows(command))
  if (result.kind === 'not_found') return answer(404)
  return answer(write.success, outcomeHeaders(result.disagrees))
}

/**
 * May the container be made? Accounts of the cluster itself get theirs when first needed, except those of shards; the
 * sender can say otherwise (`container/server.py`: `_should_autocreate`).
 */
function autoCreation({ request, address, policyIndex }: RowWrite): RowsCommand['autoCreate'] | Refusal {
  if (!shouldAutoCreate(request.headers['x-backend-auto-create'], address.account)) return undefined
  if (policyIndex !== undefined) return { policyIndex }
  return new Refusal(textAnswer(400, 'X-Backend-Storage-Policy-Index header is required'))
}

export function shouldAutoCreate(header: string | undefined, account: string): boolean {
  if (header !== undefined && header !== '') return isTrueValue(header)
  if (account.startsWith(`${AUTO_CREATE_ACCOUNT_PREFIX}shards_`)) return false
  return account.startsWith(AUTO_CREATE_ACCOUNT_PREFIX)
}

/** Compared only when the sender speaks our extension. */
function beliefOf(request: Request, { policyIndex }: RowWrite): Belief {
  const statusChangedAt = request.headers[STATUS_CHANGED_AT_HEADER]
  if (statusChangedAt === undefined) return {}
  return { policyIndex, statusChangedAt: parseTimestamp(statusChangedAt) }
}

function outcomeHeaders(disagrees: DatabaseInfo | undefined): AnswerHeaders {
  if (disagrees === undefined) return { [ROW_HEADER]: 'applied' }
  return {
    [ROW_HEADER]: 'misplaced',
    'x-backend-storage-policy-index': String(disagrees.policyIndex),
    [STATUS_CHANGED_AT_HEADER]: disagrees.statusChangedAt,
  }
}
