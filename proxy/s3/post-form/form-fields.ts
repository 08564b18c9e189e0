/**
 * An upload form as far as its file ("POST Object"): the fields before it, bounded, with the name of the file put where
 * they ask for it. What stands behind the file does not count.
 */
import type { RequestBody } from '#http/message.ts'
import { MimeError } from '#http/mime-reader.ts'
import { type FormFile, formParts } from '../../middleware/form-reader.ts'
import { type S3Error, s3Error } from '../error.ts'

export interface UploadForm {
  readonly kind: 'form'
  /** By lower-case name, `${filename}` replaced. */
  readonly fields: ReadonlyMap<string, string>
  /** To be read before anything else of the form. */
  readonly file: FormFile
}

/** All fields before the file together, bytes ("the form data and boundaries … cannot exceed 20 KB"). */
const FIELDS_BYTES_MAX = 20 * 1024
const FILENAME = '${filename}'
/** They are compared with signatures as they stand. */
const TAKEN_AS_THEY_ARE: ReadonlySet<string> = new Set(['policy', 'signature', 'x-amz-signature'])

export async function readForm(body: RequestBody, boundary: string): Promise<UploadForm | S3Error> {
  try {
    return await readFields(body, boundary)
  } catch (error) {
    if (error instanceof MimeError) return s3Error('MalformedPOSTRequest')
    throw error
  }
}

async function readFields(body: RequestBody, boundary: string): Promise<UploadForm | S3Error> {
  const parts = formParts(body, boundary, { fileField: 'file', valueBytesMax: FIELDS_BYTES_MAX + 1 })
  const written = new Map<string, string>()
  let sizeBytes = 0
  // Not with `for await`, which would end the reading of the form together with the loop: the file is still to be read.
  for (let step = await parts.next(); step.done !== true; step = await parts.next()) {
    const part = step.value
    if (part.kind === 'file')
      return { kind: 'form', fields: withFilename(written, part.filename), file: part }
    sizeBytes += part.name.length + Buffer.byteLength(part.value)
    if (sizeBytes > FIELDS_BYTES_MAX) return s3Error('MaxPostPreDataLengthExceededError')
    written.set(part.name, part.value)
  }
  return s3Error('InvalidArgument', {
    message: 'POST requires exactly one file upload per request.',
    extra: { ArgumentName: 'file', ArgumentValue: '0' },
  })
}

/** Browsers of old give the whole path of the file. */
function withFilename(written: ReadonlyMap<string, string>, filename: string): ReadonlyMap<string, string> {
  const name = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1)
  const fields = new Map<string, string>()
  for (const [field, value] of written) {
    fields.set(field, TAKEN_AS_THEY_ARE.has(field) ? value : value.replaceAll(FILENAME, () => name))
  }
  return fields
}
