/**
 * PUT of a static large object, `multipart-manifest=put`: the body lists the segments (OpenStack Swift,
 * `common/middleware/slo.py`: `handle_multipart_put`). Looking at a thousand segments takes a while; with `heartbeat=on` the
 * answer begins at once, with 202, and says at its end what came of it.
 */
import { httpDate, lastModifiedSeconds } from '#base/timestamp.ts'
import { plainExplanationOf } from '#http/explanations.ts'
import { bufferBody, type Response, readWhole } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import type { ObjectPutReceipt } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import { answerInTime } from '../bulk/heartbeat.ts'
import { type Report, renderReport, reportTypeOf, statusLine } from '../report-forms.ts'
import { failureAnswer } from './failure-answers.ts'
import { segmentsIn } from './manifest-segments.ts'
import { putReceipt } from './put-receipt.ts'
import { itemError, segmentsRefusedAnswer } from './segment-problems.ts'
import { uploadIn } from './upload.ts'
import { isTrue, type ObjectVerb } from './visit.ts'

/** How often a client that waits for work on many segments gets a sign of life, milliseconds (Swift `yield_frequency`). */
export const HEARTBEAT_MS = 10_000

type Outcome = ObjectPutReceipt | StoreFailure

export const manifestPut: ObjectVerb = async (deps, visit) => {
  const { name, request, transaction } = visit
  const upload = uploadIn(deps, visit, () => undefined)
  if (upload.kind === 'refused') return upload.response
  const listed = await segmentsIn(request, name)
  if (listed.kind === 'refused') return listed.response
  const { segments } = listed
  const put = (): Promise<Outcome> =>
    deps.store.objects.put(transaction, name, { ...upload.put, body: bufferBody(listed.body), segments })
  if (!isTrue(parseQuery(request.query).values.get('heartbeat')))
    return answerTo(await put(), request.headers)
  const type = reportTypeOf(request.headers) ?? 'text/plain'
  return await answerInTime({
    clock: deps.clock,
    everyMs: HEARTBEAT_MS,
    type,
    signal: transaction.signal,
    work: async () => renderReport(await reportOn(await put()), type),
    head: { status: 202, contentType: type, firstBlank: 'at_once' },
  })
}

function answerTo(put: Outcome, headers: Parameters<typeof segmentsRefusedAnswer>[1]): Response {
  if (put.kind === 'segments_refused') return segmentsRefusedAnswer(put, headers)
  return put.kind === 'created' ? putReceipt(put, `"${put.etag}"`) : failureAnswer(put)
}

/** What a client that was answered already reads at the end. */
async function reportOn(put: Outcome): Promise<Report> {
  const root = 'upload'
  if (put.kind === 'created') {
    const members = {
      'Response Status': statusLine(201),
      Etag: `"${put.etag}"`,
      'Last Modified': httpDate(lastModifiedSeconds(put.timestamp)),
      'Response Body': '',
    }
    return { root, members, errors: [] }
  }
  const { status, body } = failureAnswer(put)
  const isOurs = put.kind === 'segments_refused' || put.kind === 'etag_mismatch'
  const text = isOurs ? plainExplanationOf(status) : (await readWhole(body, EXPLANATION_BYTES)).toString()
  const errors = put.kind === 'segments_refused' ? put.problems.map(itemError) : []
  return { root, members: { 'Response Status': statusLine(status), 'Response Body': text }, errors }
}

/** Longest text of a refusal, bytes. */
const EXPLANATION_BYTES = 64 * 1024
