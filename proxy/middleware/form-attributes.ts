/**
 * The fields of an upload form, as far as they count: what the owner signed, and what is stored with the files
 * (OpenStack Swift, `common/middleware/formpost.py`; the texts of refusals are Swift's).
 */
import {
  hmacOfLines,
  parseSignature,
  type SignatureDigest,
  sameInConstantTime,
} from '#auth/request-signature.ts'
import type { HeaderMap } from '#http/message.ts'
import type { SigningKey } from './signing-keys.ts'

/** Fields by lower-case name, those before the file only. */
export type FormFields = ReadonlyMap<string, string>

/** Completes "FormPost: "; `unauthorized` is a 401, `invalid` a 400. */
export interface FormRefusal {
  readonly kind: 'invalid' | 'unauthorized'
  readonly reason: string
}

export function isRefused(result: object): result is FormRefusal {
  return 'reason' in result
}

export function invalidForm(reason: string): FormRefusal {
  return { kind: 'invalid', reason }
}

export interface FormLimits {
  readonly maxFileSizeBytes: number
  readonly maxFileCount: number
  /** Seconds since the epoch. */
  readonly expires: number
}

/** The limits as the form states them; whether they are the owner's is for `isSigned` to say. */
export function limitsIn(fields: FormFields): FormLimits | FormRefusal {
  const maxFileSizeBytes = wholeNumber(fields.get('max_file_size'))
  const maxFileCount = wholeNumber(fields.get('max_file_count'))
  const expires = wholeNumber(fields.get('expires'))
  if (maxFileCount === undefined) return invalidForm('max_file_count not an integer')
  if (maxFileSizeBytes === undefined) return invalidForm('max_file_size not an integer')
  if (expires === undefined) return invalidForm('expired not an integer')
  return { maxFileSizeBytes, maxFileCount, expires }
}

/** An empty or missing field is 0. */
function wholeNumber(written: string | undefined): number | undefined {
  if (written === undefined || written === '') return 0
  return /^\s*[+-]?\d{1,15}\s*$/.test(written) ? Number(written) : undefined
}

/** Whether one of the keys signed this form for this path. */
export function isSigned(
  path: string,
  fields: FormFields,
  keys: readonly SigningKey[],
  allowed: readonly SignatureDigest[],
): boolean {
  const signature = parseSignature(fields.get('signature') ?? '', allowed)
  if (signature === undefined) return false
  const lines = [
    path,
    fields.get('redirect') ?? '',
    fields.get('max_file_size') || '0',
    fields.get('max_file_count') || '0',
    fields.get('expires') || '0',
  ]
  const fits = keys.map(({ key }) =>
    sameInConstantTime(signature.hex, hmacOfLines(signature.digest, key, lines)),
  )
  return fits.includes(true)
}

/** The headers of the upload that a file becomes. What a field says goes before what the browser says of the file. */
export function uploadHeaders(fields: FormFields, ofFile: HeaderMap): Record<string, string> | FormRefusal {
  const headers: Record<string, string> = {}
  for (const name of ['content-type', 'content-encoding'] as const) {
    const value = fields.get(name) ?? ofFile[name]
    if (value === undefined) continue
    if (!isOneLine(value)) return invalidForm(`${name} not valid`)
    headers[name] = onWire(value)
  }
  if (headers['content-type'] === '') headers['content-type'] = 'application/octet-stream'
  for (const [field, { header, meaning }] of Object.entries(TIMES)) {
    const written = fields.get(field)
    if (written === undefined) continue
    const seconds = written === '' ? undefined : wholeNumber(written)
    if (seconds === undefined) return invalidForm(`${field} not an integer: ${meaning} required.`)
    headers[header] = String(seconds)
  }
  return headers
}

/** Nothing in it could end a header. */
function isOneLine(value: string): boolean {
  return !/\p{Cc}/u.test(value)
}

const TIMES = {
  x_delete_at: { header: 'x-delete-at', meaning: 'Unix timestamp' },
  x_delete_after: { header: 'x-delete-after', meaning: 'Number of seconds' },
} as const

/** Text as the bytes that a header carries. */
export function onWire(text: string): string {
  return Buffer.from(text).toString('latin1')
}
