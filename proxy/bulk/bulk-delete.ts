/**
 * `POST …?bulk-delete`: deletes what the lines of the body name, objects before containers, a few at a time (OpenStack
 * Swift, `common/middleware/bulk.py`: `handle_delete_iter`). What is not there is counted, not an error.
 */
import { isUtf8 } from 'node:buffer'
import { discard } from '#http/message.ts'
import type { ProxyHandler, Transaction } from '../transaction.ts'
import { readDeleteList } from './delete-list.ts'
import { itemOf, quoteBytes } from './item-request.ts'
import { BulkReport, refusal } from './report.ts'

export interface BulkDeleteLimits {
  readonly deletesMax: number
  readonly failuresMax: number
  /** Items deleted at the same time. */
  readonly concurrency: number
}

const DELETED = 'Number Deleted'
const NOT_FOUND = 'Number Not Found'
const SLASH = 0x2f

export function deleteReport(): BulkReport {
  return new BulkReport({ root: 'delete', counts: [DELETED, NOT_FOUND], success: 200 })
}

/** Fills the report. Rejects with a `BodyError` when the list cannot be read. */
export async function bulkDelete(
  bulk: Transaction,
  report: BulkReport,
  { inner, limits, signal }: { inner: ProxyHandler; limits: BulkDeleteLimits; signal: AbortSignal },
): Promise<void> {
  const [, version = '', account = ''] = bulk.path.split('/', 3)
  if (version === '' || account === '') return report.refuse(refusal(404))
  const { headers, body } = bulk.request
  const type = headers['content-type'] ?? ''
  if (type !== '' && !type.startsWith('text/plain')) return report.refuse(refusal(406))
  if (!hasLength(headers)) return report.refuse(refusal(411))
  const list = await readDeleteList(body, limits.deletesMax)
  if (list.kind === 'refused') return report.refuse(list.refusal)
  const deleting = new Deleting(bulk, report, { inner, limits, signal })
  await deleting.all(list.names.filter(isOfObject))
  await deleting.all(list.names.filter((name) => !isOfObject(name)))
  const nothing = report.countOf(DELETED) + report.countOf(NOT_FOUND) + report.failureCount === 0
  if (nothing) report.refuse(refusal(400, 'Invalid bulk delete.'))
}

/** Whether a request says how its body ends. */
export function hasLength(headers: Readonly<Record<string, string | undefined>>): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding']?.toLowerCase() === 'chunked'
}

/** A slash between two characters: the name of an object. */
function isOfObject(name: Buffer): boolean {
  let [start, end] = [0, name.length]
  while (start < end && name[start] === SLASH) start += 1
  while (end > start && name[end - 1] === SLASH) end -= 1
  return name.subarray(start, end).includes(SLASH)
}

class Deleting {
  readonly #bulk: Transaction
  readonly #report: BulkReport
  readonly #inner: ProxyHandler
  readonly #limits: BulkDeleteLimits
  readonly #signal: AbortSignal

  constructor(
    bulk: Transaction,
    report: BulkReport,
    { inner, limits, signal }: { inner: ProxyHandler; limits: BulkDeleteLimits; signal: AbortSignal },
  ) {
    this.#bulk = bulk
    this.#report = report
    this.#inner = inner
    this.#limits = limits
    this.#signal = signal
  }

  async all(names: readonly Buffer[]): Promise<void> {
    const queue = names.values()
    const workers = Array.from({ length: this.#limits.concurrency }, () => this.#work(queue))
    await Promise.all(workers)
    this.#isOver()
  }

  async #work(queue: Iterator<Buffer>): Promise<void> {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      if (this.#signal.aborted || this.#isOver()) return
      await this.#one(next.value)
    }
  }

  #isOver(): boolean {
    if (this.#report.failureCount < this.#limits.failuresMax) return false
    this.#report.refuse(refusal(400, 'Max delete failures exceeded'))
    return true
  }

  async #one(name: Buffer): Promise<void> {
    const status = await this.#statusOf(name)
    if (status >= 200 && status < 300) this.#report.count(DELETED)
    else if (status === 404) this.#report.count(NOT_FOUND)
    else this.#report.fail(quoteBytes(name), status)
  }

  async #statusOf(name: Buffer): Promise<number> {
    if (!isUtf8(name) || name.includes(0)) return 412
    const own = name.toString().replace(/^\/+/, '')
    // Nothing but slashes would be the account itself.
    if (own === '') return 400
    const [, version = '', account = ''] = this.#bulk.path.split('/', 3)
    const path = `/${version}/${account}/${own}`
    const response = await this.#inner(itemOf(this.#bulk, { method: 'DELETE', path }))
    await discard(response)
    return response.status
  }
}
