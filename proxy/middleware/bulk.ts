/**
 * Many operations by one request: unpacking an archive, and deleting what a list names (OpenStack Swift,
 * `common/middleware/bulk.py`). The answer is 200 whatever happens; its body says what did.
 */
import type { Clock } from '#base/environment.ts'
import { failureResponse } from '#http/failure-response.ts'
import { BodyError, type Response } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import { type BulkDeleteLimits, bulkDelete, deleteReport } from '../bulk/bulk-delete.ts'
import { ARCHIVE_TYPES } from '../bulk/decompress.ts'
import { type ExtractLimits, extractArchive, extractReport } from '../bulk/extract-archive.ts'
import { answerInTime } from '../bulk/heartbeat.ts'
import { type BulkReport, refusal } from '../bulk/report.ts'
import { reportTypeOf } from '../report-forms.ts'
import type { ProxyHandler, ProxyLayer, Transaction } from '../transaction.ts'

export interface BulkOptions {
  readonly clock: Clock
  /** How often a client that waits gets a sign of life, milliseconds. */
  readonly yieldMs: number
  readonly extract: ExtractLimits
  readonly delete: BulkDeleteLimits
}

/** What fills a report. */
type Work = (transaction: Transaction, report: BulkReport, signal: AbortSignal) => Promise<void>

export function bulk(options: BulkOptions): ProxyLayer {
  return (inner) => async (transaction) => {
    const { method, query } = transaction.request
    if (query === '') return inner(transaction)
    const { values } = parseQuery(query)
    const archive = values.get('extract-archive')
    if (archive !== undefined && method === 'PUT') return extract(options, inner, transaction, archive)
    const isDelete = values.has('bulk-delete') && (method === 'POST' || method === 'DELETE')
    return isDelete ? remove(options, inner, transaction) : inner(transaction)
  }
}

async function extract(
  options: BulkOptions,
  inner: ProxyHandler,
  transaction: Transaction,
  archive: string,
): Promise<Response> {
  const compression = ARCHIVE_TYPES.get(archive.toLowerCase().replace(/^\.+|\.+$/g, ''))
  if (compression === undefined) return textAnswer(400, 'Unsupported archive format', HTML_TYPE)
  const breathe = (): Promise<void> => options.clock.sleep(0)
  return answerWith(options, transaction, extractReport(), (bulked, report, signal) =>
    extractArchive(bulked, report, { inner, limits: options.extract, compression, signal, breathe }),
  )
}

async function remove(
  options: BulkOptions,
  inner: ProxyHandler,
  transaction: Transaction,
): Promise<Response> {
  return answerWith(options, transaction, deleteReport(), (bulked, report, signal) =>
    bulkDelete(bulked, report, { inner, limits: options.delete, signal }),
  )
}

function answerWith(
  { clock, yieldMs }: BulkOptions,
  transaction: Transaction,
  report: BulkReport,
  work: Work,
): Promise<Response> {
  const type = reportTypeOf(transaction.request.headers)
  return answerInTime({
    clock,
    everyMs: yieldMs,
    type,
    signal: transaction.signal,
    work: async (signal) => {
      if (type === undefined) report.refuse(refusal(406))
      else await fill(transaction, report, () => work(transaction, report, signal))
      return report.render(type)
    },
  })
}

/** Never rejects: what goes wrong stands in the report. */
async function fill(transaction: Transaction, report: BulkReport, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { response, isOurs } = failureResponse(error)
    if (isOurs) transaction.log.error({ err: error }, 'bulk request failed')
    report.refuse(refusal(response.status, error instanceof BodyError ? String(response.body) : ''))
  } finally {
    // What the client still sends is not wanted.
    await transaction.request.body.cancel()
  }
}
