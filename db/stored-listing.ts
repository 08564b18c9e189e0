/**
 * The JSON of a container's listing made straight from its rows as they are stored, without an object for each: half of
 * what a page of a thousand costs (`docs/performance.md`). It gives, byte for byte, what `renderObjects` gives of the
 * same rows; a row that is anything but plain is left to that.
 */
import { isoForm, type Timestamp } from '#base/timestamp.ts'
import type { StoredEntry } from './listing.ts'
import { listedObject } from './listing-format.ts'
import { objectRows } from './object-row.ts'
import { decodeStored, SEPARATOR } from './stored-row.ts'

/** A timestamp without offset, which stands for all three times of a row. */
const TIMESTAMP_CHARACTERS = 16

/** What is being rendered; one page at a time, never across an `await`. Bytes. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024)
/** A UTF-16 unit is three bytes of UTF-8 at most. */
const BYTES_PER_UNIT_MAX = 3

/** The page in Swift's form. `policyIndex` is the group that was listed. */
export function renderStoredObjects(entries: readonly StoredEntry[], policyIndex: number): Buffer {
  const full: Buffer[] = []
  let at = 0
  const write = (text: string): void => {
    if (text.length * BYTES_PER_UNIT_MAX > scratch.length - at) {
      full.push(Buffer.from(scratch.subarray(0, at)))
      at = 0
    }
    if (text.length * BYTES_PER_UNIT_MAX > scratch.length) full.push(Buffer.from(text))
    else at += scratch.write(text, at)
  }
  write('[')
  for (const [nth, entry] of entries.entries()) {
    const json = 'subdir' in entry ? `{"subdir":${quoted(entry.subdir)}}` : objectJson(entry, policyIndex)
    write(nth === 0 ? json : `,${json}`)
  }
  write(']')
  return Buffer.concat([...full, scratch.subarray(0, at)])
}

function objectJson({ name, value }: Extract<StoredEntry, { readonly name: string }>, group: number): string {
  // version, sequence, times, size, ETag, deleted, content type, name
  const times = value.indexOf(SEPARATOR, 2) + 1
  const size = times + TIMESTAMP_CHARACTERS + 1
  if (value[size - 1] !== SEPARATOR) return decodedJson(value, group)
  const etag = value.indexOf(SEPARATOR, size) + 1
  const deleted = value.indexOf(SEPARATOR, etag) + 1
  const type = value.slice(value.indexOf(SEPARATOR, deleted) + 1, value.length - name.length - 1)
  if (type.includes(';') || !value.startsWith(PLAIN)) return decodedJson(value, group)
  const lastModified = isoForm(value.slice(times, size - 1) as Timestamp)
  const hash = quoted(value.slice(etag, deleted - 1))
  return `{"name":${quoted(name)},"hash":${hash},"bytes":${value.slice(size, etag - 1)},"content_type":${quoted(type)},"last_modified":"${lastModified}"}`
}

/** The version that this file knows by heart. */
const PLAIN = `1${SEPARATOR}`

function decodedJson(stored: string, group: number): string {
  return JSON.stringify(listedObject(decodeStored(objectRows, group, stored).row))
}

/** Has what JSON escapes in well-formed text: quotation marks, backslashes and (among other controls) C0. */
const ESCAPED = /["\\\p{Cc}]/u

function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`
}
