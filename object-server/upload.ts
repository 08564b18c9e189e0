/**
 * Receives the body of a PUT: plain, or as MIME documents, the object first and what is known only after it (footers)
 * second. `100 Continue` is sent when this begins, not before, with the acknowledgement of footers in it.
 */
import { hash } from 'node:crypto'
import { isTrueValue } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { codeOf } from '#disk/disk-error.ts'
import type { HeaderMap, Request } from '#http/message.ts'
import { type MimeDocument, MimeReader } from '#http/mime-reader.ts'
import type { DiskFailed, ObjectWriter } from './engine.ts'

/** Footers are a handful of headers. Bytes. */
const FOOTER_BYTES_MAX = 128 * 1024

export interface UploadPlan {
  readonly request: Request
  /** Boundary of the MIME documents; `undefined` for a plain body. */
  readonly boundary: string | undefined
  /** Declared length of the object; `undefined` when the sender did not say. */
  readonly objectBytes: number | undefined
}

/** What the headers say about the body. */
export function planUpload(request: Request): UploadPlan | Refusal {
  if (isTrueValue(request.headers['x-backend-obj-multiphase-commit'])) {
    return new Refusal(textAnswer(501, 'Multiphase commit is not supported'))
  }
  if (!isTrueValue(request.headers['x-backend-obj-metadata-footer'])) {
    return { request, boundary: undefined, objectBytes: request.body.lengthBytes }
  }
  const boundary = request.headers['x-backend-obj-multipart-mime-boundary']
  if (boundary === undefined || boundary === '') return new Refusal(textAnswer(400, 'no MIME boundary'))
  const declared = request.headers['x-backend-obj-content-length']
  if (declared !== undefined && !/^\d{1,16}$/.test(declared)) {
    return new Refusal(textAnswer(400, 'Invalid X-Backend-Obj-Content-Length'))
  }
  return { request, boundary, objectBytes: declared === undefined ? undefined : Number(declared) }
}

/** Writes the object to `writer` and returns its footers; a refusal when the sender did not do what it said. */
export async function receive(
  plan: UploadPlan,
  writer: ObjectWriter,
): Promise<HeaderMap | Refusal | DiskFailed> {
  try {
    return plan.boundary === undefined
      ? await receivePlain(plan, writer)
      : await receiveMime(plan, plan.boundary, writer)
  } catch (error) {
    const refusal = refusalOf(codeOf(error))
    if (refusal === undefined) throw error
    return refusal
  }
}

async function receivePlain(
  plan: UploadPlan,
  writer: ObjectWriter,
): Promise<HeaderMap | Refusal | DiskFailed> {
  const { body } = plan.request
  body.sendContinue()
  if (body.bytes === undefined) return (await writeAll(body, plan, writer)) ?? {}
  return (await writer.write(body.bytes)) ?? wrongLength(plan, writer) ?? {}
}

async function receiveMime(
  plan: UploadPlan,
  boundary: string,
  writer: ObjectWriter,
): Promise<HeaderMap | Refusal | DiskFailed> {
  plan.request.body.sendContinue({ 'x-obj-metadata-footer': 'yes' })
  const documents = new MimeReader(plan.request.body, boundary, { firstBodyBytes: plan.objectBytes })
  const object = await documents.next()
  if (object === undefined) return new Refusal(textAnswer(400, "couldn't find object MIME doc"))
  const failed = await writeAll(object.body, plan, writer)
  if (failed !== undefined) return failed
  const footer = await documents.next()
  if (footer === undefined) return new Refusal(textAnswer(400, "couldn't find footer MIME doc"))
  const footers = await readFooters(footer)
  // To the end of the body, so that the connection can be used again.
  while ((await documents.next()) !== undefined);
  return footers
}

/** Writes what comes; an early end shows as a wrong length. */
async function writeAll(
  body: AsyncIterable<Buffer>,
  plan: UploadPlan,
  writer: ObjectWriter,
): Promise<Refusal | DiskFailed | undefined> {
  for await (const chunk of body) {
    const failed = await writer.write(chunk)
    if (failed !== undefined) return failed
  }
  return wrongLength(plan, writer)
}

function wrongLength(plan: UploadPlan, writer: ObjectWriter): Refusal | undefined {
  const isWrong = plan.objectBytes !== undefined && plan.objectBytes !== writer.sizeBytes
  return isWrong ? new Refusal(answer(499)) : undefined
}

/** The footers: a JSON object whose MD5 the document's headers name. Names become lower-case. */
async function readFooters(document: MimeDocument): Promise<HeaderMap | Refusal> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of document.body) {
    sizeBytes += piece.length
    if (sizeBytes > FOOTER_BYTES_MAX) return new Refusal(textAnswer(400, 'footer MIME doc too large'))
    pieces.push(piece)
  }
  const bytes = Buffer.concat(pieces)
  const md5 = document.headers['content-md5']
  if (md5 === undefined || md5 === '') return new Refusal(textAnswer(400, 'no Content-MD5 in footer'))
  if (md5 !== hash('md5', bytes, 'hex')) return new Refusal(textAnswer(422, 'footer MD5 mismatch'))
  return parseFooters(bytes) ?? new Refusal(textAnswer(400, 'invalid JSON for footer doc'))
}

function parseFooters(bytes: Buffer): HeaderMap | undefined {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
    return Object.fromEntries(
      Object.entries(parsed).map(([name, value]) => [name.toLowerCase(), String(value)]),
    )
  } catch {
    return undefined
  }
}

function refusalOf(code: string | undefined): Refusal | undefined {
  switch (code) {
    case 'SENDER_GONE':
    case 'BODY_CANCELLED':
    case 'MIME_TRUNCATED':
    case 'MIME_WRONG_LENGTH':
      return new Refusal(answer(499))
    case 'SENDER_TIMEOUT':
      return new Refusal(answer(408))
    case 'BODY_TOO_LARGE':
      return new Refusal(answer(413))
    case 'MIME_MALFORMED':
      return new Refusal(textAnswer(400, 'malformed MIME body'))
    case undefined:
    default:
      return undefined
  }
}
