/**
 * DELETE of a static large object with its segments, `multipart-manifest=delete` (OpenStack Swift,
 * `common/middleware/slo.py`: `handle_multipart_delete`): the answer is 200, and its body says what came of it.
 */
import { quotedPath } from '#base/names.ts'
import type { ObjectDeleteOutcome } from '#store/contract.ts'
import type { SegmentsReport } from '#store/failure.ts'
import type { ObjectName } from '#store/operation.ts'
import { answerInTime } from '../bulk/heartbeat.ts'
import { type ItemError, type Report, renderReport, reportTypeOf, statusLine } from '../report-forms.ts'
import { failureAnswer } from './failure-answers.ts'
import { HEARTBEAT_MS } from './manifest-put.ts'
import { objectParametersIn } from './object-parameters.ts'
import type { ObjectVerb } from './visit.ts'

const NOT_A_MANIFEST = 'Not an SLO manifest'
const KEPT = 'The manifest was kept, because not all of its segments could be deleted.'

export const manifestDelete: ObjectVerb = async ({ store, clock }, { name, request, transaction }) => {
  const type = reportTypeOf(request.headers)
  const { versionId } = objectParametersIn(request)
  const work = async (): Promise<Buffer> => {
    if (type === undefined) return renderReport(reportOf(406, NOTHING), type)
    const outcome = await store.objects.delete(transaction, name, { versionId, segments: 'now' })
    return renderReport(deleteReport(outcome, name), type)
  }
  return await answerInTime({ clock, everyMs: HEARTBEAT_MS, type, signal: transaction.signal, work })
}

/** The report on the outcome of a delete with segments. */
function deleteReport(outcome: ObjectDeleteOutcome, name: ObjectName): Report {
  if (outcome.kind === 'deleted') return reportOf(200, outcome.report ?? { ...NOTHING, deletedCount: 1 })
  if (outcome.kind === 'no_such_object' || outcome.kind === 'no_such_container') {
    return reportOf(200, { ...NOTHING, notFoundCount: 1 })
  }
  if (outcome.kind !== 'segments_kept') {
    const path = `/${name.container}/${name.object}`
    return reportOf(400, { ...NOTHING, failures: [{ path, failure: outcome }] })
  }
  const isManifest = outcome.report.failures.every(({ failure }) => failure !== 'not_a_manifest')
  return reportOf(400, outcome.report, isManifest ? KEPT : '')
}

const NOTHING: SegmentsReport = { deletedCount: 0, notFoundCount: 0, failures: [] }

function reportOf(
  status: number,
  { deletedCount, notFoundCount, failures }: SegmentsReport,
  text = '',
): Report {
  return {
    root: 'delete',
    members: {
      'Response Status': statusLine(status),
      'Response Body': text,
      'Number Deleted': deletedCount,
      'Number Not Found': notFoundCount,
    },
    errors: failures.map(itemError),
  }
}

function itemError({ path, failure }: SegmentsReport['failures'][number]): ItemError {
  const status = failure === 'not_a_manifest' ? NOT_A_MANIFEST : statusLine(failureAnswer(failure).status)
  return { name: quotedPath(path), status }
}
