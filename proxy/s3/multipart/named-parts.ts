/** The document of CompleteMultipartUpload: which parts, in their order. */
import { CHECKSUM_ALGORITHMS } from '#base/checksums/checksum.ts'
import type { NamedPart } from '#store/multipart/complete-upload.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import type { SentChecksum } from '../operation.ts'
import type { XmlElement } from '../xml-reader.ts'
import { PARTS_MAX } from './upload-named.ts'

/** A part, and what its sender says of it. */
export interface CheckedPart extends NamedPart {
  readonly checksums: readonly SentChecksum[]
}

/** The parts that are named: `MalformedXML`, which a list without parts is, too, `InvalidPart` and `InvalidPartOrder` are found here. */
export function partsIn(root: XmlElement, uploadId: string): readonly CheckedPart[] | S3Error {
  const written = root.all('Part')
  if (written.length === 0 || written.length > PARTS_MAX) return s3Error('MalformedXML')
  const parts: CheckedPart[] = []
  for (const element of written) {
    const number = Number(numberIn(element.textOf('PartNumber')))
    const etag = element.textOf('ETag')?.replaceAll('"', '').toLowerCase()
    if (!Number.isInteger(number) || etag === undefined) return s3Error('MalformedXML')
    if (number < 1) return invalidArgument('PartNumber', String(number), 'PartNumber must be >= 1')
    const before = parts.at(-1)
    if (before !== undefined && number <= before.number) {
      return s3Error('InvalidPartOrder', { extra: { UploadId: uploadId } })
    }
    if (number > PARTS_MAX || !/^[0-9a-f]{32}$/.test(etag)) return invalidPart({ number, etag }, uploadId)
    parts.push({ number, etag, checksums: checksumsIn(element) })
  }
  return parts
}

function numberIn(text: string | undefined): string {
  return /^-?\d{1,9}$/.test(text ?? '') ? (text ?? '') : 'none'
}

function checksumsIn(part: XmlElement): readonly SentChecksum[] {
  return CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = part.textOf(`Checksum${algorithm}`)
    return value === undefined || value === '' ? [] : [{ algorithm, value }]
  })
}

/** A part that is not there, or not what is said of it. */
export function invalidPart({ number, etag }: NamedPart, uploadId: string): S3Error {
  return s3Error('InvalidPart', {
    extra: { UploadId: uploadId, PartNumber: String(number), ETag: etag },
  })
}
