/** UploadPartCopy: a part that is all of an object, or a range of it. */
import { startChecksum } from '#base/checksums/checksum.ts'
import type { RequestBody, Response } from '#http/message.ts'
import type { ReadTrail } from '#store/contract.ts'
import { type CopySource, openCopySource } from '#store/copy/copy-source.ts'
import type { Upload } from '#store/multipart/upload-record.ts'
import { customerKeyIn, SOURCE_PREFIX as SOURCE_KEY } from '../encryption/customer-key.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { answerInTime } from '../long-answer.ts'
import { copySourceOf, type NamedSource } from '../objects/copy-source.ts'
import { ETAG_SYSMETA } from '../objects/object-facts.ts'
import { conditionsIn } from '../objects/read-conditions.ts'
import { unopened } from '../objects/unopened-source.ts'
import type { S3Visit } from '../operation.ts'
import { readOf } from '../versions/version-asked.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'
import { type PartEncryption, partEncryption } from './part-encryption.ts'
import { checksumElement, writtenChecksum } from './upload-checksum.ts'
import { readFacts } from './upload-facts.ts'
import { partNumberIn, uploadIn } from './upload-named.ts'
import { putPart } from './upload-part.ts'

const SOURCE_PREFIX = 'x-amz-copy-source-'
const SOURCE_RANGE = 'x-amz-copy-source-range'

export async function uploadPartCopy(visit: S3Visit): Promise<Response | S3Error> {
  const part = partNumberIn(visit.request.query)
  if (isS3Error(part)) return part
  const upload = await uploadIn(visit)
  if (isS3Error(upload)) return upload
  const encryption = partEncryption(visit, upload)
  if (isS3Error(encryption)) return encryption
  const source = await copySourceOf(visit)
  if (isS3Error(source)) return source
  const opened = await open(visit, source)
  if (isS3Error(opened)) return opened
  return await answerInTime(visit, () =>
    copyPart(visit, upload, { number: part.number, ...encryption }, opened),
  )
}

async function open(visit: S3Visit, source: NamedSource): Promise<CopySource | S3Error> {
  const { deps, transaction, request } = visit
  const range = rangeIn(request.headers[SOURCE_RANGE])
  if (isS3Error(range)) return range
  const key = customerKeyIn(request.headers, SOURCE_KEY)
  if (isS3Error(key)) return key
  const conditions = conditionsIn(request.headers, SOURCE_PREFIX)
  if (range.range !== undefined) conditions['range'] = range.range
  const opened = await openCopySource(deps.store, transaction, source.name, {
    read: { conditions, ...readOf(source.versionId), etagIsAt: ETAG_SYSMETA, ...key },
    limitBytes: deps.maxFileSizeBytes,
  })
  if (opened.kind === 'range_unsatisfiable') {
    const message = 'The specified copy range is invalid for the source object size'
    return s3Error('InvalidRequest', { message })
  }
  if (opened.kind !== 'source') return await unopened(visit, source, opened, conditions)
  const isCutShort = range.range !== undefined && !coversRange(range.range, opened)
  if (!isCutShort) return opened
  await opened.close()
  return beyond(range.range ?? '', wholeSize(opened))
}

const RANGE = /^bytes=(\d{1,15})-(\d{1,15})$/

function rangeIn(written: string | undefined): { readonly range: string | undefined } | S3Error {
  if (written === undefined) return { range: undefined }
  const [, first, last] = RANGE.exec(written) ?? []
  if (first !== undefined && Number(last) >= Number(first)) return { range: written }
  const message =
    'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the ' +
    'zero-based offsets of the first and last bytes to copy'
  return invalidArgument(SOURCE_RANGE, written, message)
}

/** A range that ends behind the end of the source is refused, not cut. */
function coversRange(range: string, { body }: CopySource): boolean {
  const [, first, last] = RANGE.exec(range) ?? []
  return body.lengthBytes === Number(last) - Number(first) + 1
}

function wholeSize({ headers }: CopySource): number {
  const whole = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1]
  return Number(whole ?? headers['content-length'] ?? 0)
}

function beyond(range: string, sizeBytes: number): S3Error {
  const message = `Range specified is not valid for source object of size: ${sizeBytes}`
  return s3Error('InvalidArgument', { message, extra: { ArgumentName: SOURCE_RANGE, ArgumentValue: range } })
}

async function copyPart(
  visit: S3Visit,
  upload: Upload,
  part: PartEncryption & { readonly number: number },
  source: CopySource,
): Promise<Response | S3Error> {
  const { checksum } = readFacts(upload.summary)
  const sum = startChecksum(checksum.algorithm)
  let value = ''
  const stored = await putPart(visit, upload, {
    number: part.number,
    customerKey: part.customerKey,
    metadata: part.metadata,
    body: watched(source.body, (piece) => sum.update(piece)),
    expectedEtag: source.etag,
    limitBytes: visit.deps.maxFileSizeBytes,
    atEnd: () => {
      value = sum.digest()
      return { checksum: writtenChecksum({ algorithm: checksum.algorithm, value }) }
    },
  })
  await source.close()
  if (isS3Error(stored)) return stored
  const xml = document(
    'CopyPartResult',
    element('LastModified', `${stored.lastModified.slice(0, 23)}Z`),
    element('ETag', `"${stored.etag}"`),
    element(checksumElement(checksum.algorithm), value),
  )
  return xmlAnswer(200, xml, { ...sourceVersion(source.trail), ...part.told })
}

/** The same body; every piece is shown once. */
function watched(body: RequestBody, show: (piece: Buffer) => void): RequestBody {
  if (body.bytes !== undefined) show(body.bytes)
  return {
    lengthBytes: body.lengthBytes,
    bytes: body.bytes,
    sendContinue: (headers) => body.sendContinue(headers),
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      for await (const piece of body) {
        if (body.bytes === undefined) show(piece)
        yield piece
      }
    },
  }
}

function sourceVersion(trail: ReadTrail | undefined): Readonly<Record<string, string>> {
  return trail?.versionId === undefined ? {} : { 'x-amz-copy-source-version-id': trail.versionId }
}
