/**
 * UPDATE: many rows at once, as JSON items like those that Swift's servers exchange.
 *
 * Ours, negotiated (`batch-update`): with the header `X-Backend-Martlet-Batch-Update: true` the path is only `/<device>`
 * and the body a list of `{account, container, timestamp, policy_index, auto_create, items}`, rows of many containers in
 * one request and one sync. The answer is 200 with a list in the same order: 202 applied, 404 no such container, 400 not
 * understood, 503 not now. An entry may say in `status_changed_at` what its writer believes of the container; where that or the policy
 * is not so, the rows are applied all the same and the answer is `{status, policy_index, status_changed_at}`. A replica that
 * may not vote answers `{status, joining: true}`.
 */
import { isTrueValue, parseContainerAddress } from '#backend/address.ts'
import { textAnswer } from '#backend/answers.ts'
import { requestedPolicyIndex } from '#backend/policy-header.ts'
import { Refusal } from '#backend/refusal.ts'
import { requestTimestamp } from '#backend/timestamp-header.ts'
import { BATCH_UPDATE_HEADER } from '#base/extensions.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { type Belief, mergeRows } from '#db/container-rules.ts'
import type { DatabaseName } from '#db/info.ts'
import { fromSwiftItem, type ObjectRow } from '#db/object-row.ts'
import { type Request, type Response, readWhole } from '#http/message.ts'
import { receiveRows } from '../late-rows.ts'
import { shouldAutoCreate, writeRows } from '../row-write.ts'
import type { ContainerService } from '../service.ts'

/** 10,000 rows with names of 1,024 bytes, escaped at worst. */
const BODY_BYTES_MAX = 32 * 1024 * 1024

/** One container's rows in a batch update. */
export interface BatchEntry {
  readonly account: string
  readonly container: string
  readonly timestamp: string
  readonly policy_index: number
  readonly status_changed_at?: string | undefined
  readonly items: readonly unknown[]
}

export async function update(service: ContainerService, request: Request): Promise<Response> {
  if (isTrueValue(request.headers[BATCH_UPDATE_HEADER])) return batchUpdate(service, request)
  const address = parseContainerAddress(request)
  if (address instanceof Refusal) return address.response
  const timestamp = requestTimestamp(request, service)
  if (timestamp instanceof Refusal) return timestamp.response
  const unfit = await service.drive.refuse(address.device, 'write')
  if (unfit !== undefined) return unfit.response
  const policyIndex = requestedPolicyIndex(request, service.policies)
  if (policyIndex instanceof Refusal) return policyIndex.response
  const rows = rowsOf(await readJson(request))
  if (rows instanceof Refusal) return rows.response
  return writeRows(service, { request, address, timestamp, policyIndex, rows, success: 202 })
}

async function batchUpdate(service: ContainerService, request: Request): Promise<Response> {
  const device = request.path.slice(1).replace(/\/$/, '')
  const unfit = await service.drive.refuse(device, 'write')
  if (unfit !== undefined) return unfit.response
  const written = await readJson(request)
  if (written instanceof Refusal) return written.response
  if (!Array.isArray(written)) return textAnswer(400, 'The body must be a list')
  const entries = written.map((one) => entryOf(service, one as Partial<BatchEntry> | null))
  const refused = await notNow(
    service,
    entries.filter((entry) => entry !== undefined),
  )
  const statuses = await Promise.all(
    entries.map(async (entry) => {
      if (entry === undefined) return 400
      return refused.has(entry) ? 503 : await applyEntry(service, entry)
    }),
  )
  const body = Buffer.from(JSON.stringify(statuses))
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  }
}

/** What became of one entry: a status, with the facts when the writer was wrong about the container. */
export type BatchOutcome =
  | number
  | {
      readonly status: number
      /** The replica's listings do not count. */
      readonly joining?: true
      readonly policy_index?: number
      readonly status_changed_at?: string
    }

/** An entry that was understood. */
interface Rows {
  readonly name: DatabaseName
  readonly timestamp: Timestamp
  readonly policyIndex: number
  readonly belief: Belief
  readonly rows: readonly ObjectRow[]
}

function entryOf(service: ContainerService, entry: Partial<BatchEntry> | null): Rows | undefined {
  const { account, container, policy_index: policyIndex } = entry ?? {}
  const timestamp = parseTimestamp(String(entry?.timestamp))
  const rows = rowsOf(entry?.items)
  if (typeof account !== 'string' || typeof container !== 'string' || timestamp === undefined)
    return undefined
  if (rows instanceof Refusal || service.policies.byIndex(Number(policyIndex)) === undefined) return undefined
  const belief = entryBelief(entry?.status_changed_at, Number(policyIndex))
  return { name: { account, container }, timestamp, policyIndex: Number(policyIndex), belief, rows }
}

/** Entries that are to be sent again later. Those of one container are looked at together: mostly all are welcome. */
async function notNow(service: ContainerService, entries: readonly Rows[]): Promise<ReadonlySet<Rows>> {
  const refused = new Set<Rows>()
  const byContainer = Map.groupBy(entries, ({ name }) => `${name.account}/${name.container}`)
  await Promise.all([...byContainer.values()].map(async (some) => await noteRefused(service, some, refused)))
  return refused
}

async function noteRefused(
  service: ContainerService,
  entries: readonly Rows[],
  refused: Set<Rows>,
): Promise<void> {
  const [first] = entries
  const together = entries.flatMap(({ rows }) => rows)
  if (first === undefined || (await receiveRows(service, first.name, together)) === 'welcome') return
  for (const entry of entries)
    if ((await receiveRows(service, entry.name, entry.rows)) === 'not_now') refused.add(entry)
}

async function applyEntry(service: ContainerService, entry: Rows): Promise<BatchOutcome> {
  const { name, timestamp, policyIndex, belief, rows } = entry
  const autoCreate = shouldAutoCreate(undefined, name.account) ? { policyIndex } : undefined
  const result = await service.index.apply(name, rows, mergeRows({ name, timestamp, autoCreate, belief }))
  if (result.kind !== 'merged') return 404
  const { disagrees } = result
  const joining = service.mayVote(name) ? {} : { joining: true as const }
  if (disagrees === undefined) return 'joining' in joining ? { status: 202, ...joining } : 202
  return {
    status: 202,
    ...joining,
    policy_index: disagrees.policyIndex,
    status_changed_at: disagrees.statusChangedAt,
  }
}

function entryBelief(statusChangedAt: unknown, policyIndex: number): Belief {
  if (typeof statusChangedAt !== 'string') return {}
  return { policyIndex, statusChangedAt: parseTimestamp(statusChangedAt) }
}

async function readJson(request: Request): Promise<unknown> {
  const body = await readWhole(request.body, BODY_BYTES_MAX)
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return new Refusal(textAnswer(400, 'The body is not JSON'))
  }
}

function rowsOf(items: unknown): readonly ObjectRow[] | Refusal {
  if (items instanceof Refusal) return items
  if (!Array.isArray(items)) return new Refusal(textAnswer(400, 'The body must be a list of rows'))
  const rows = items.map(fromSwiftItem)
  const good = rows.filter((row) => row !== undefined)
  return good.length === rows.length ? good : new Refusal(textAnswer(400, 'A row of the body is malformed'))
}
