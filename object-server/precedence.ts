/**
 * What decides between two versions of an object that have the same time and, of data, the same bytes: two proxies may give
 * one timestamp, and metadata may differ where the ETag does not. Every replica picks the same one, and the row in the
 * container is that of the one picked, because what a row says is compared first and in the order in which rows compare it
 * (`db/object-row.ts`). Pure. Texts compare as what they stand for.
 */
import { hash } from 'node:crypto'
import { splitExpiry } from '#db/expiry.ts'
import { splitSwiftBytes } from '#db/object-row.ts'
import type { HeaderMap } from '#http/message.ts'
import { type Fact, type MetaRecord, withoutFacts } from './meta-record.ts'
import type { DataRecord, DataVersion } from './object-state.ts'
import { deleteAtOf } from './stored-object.ts'

/** What a stored object tells its container of itself, whatever it is (`object-rows.ts`). */
const OVERRIDE_PREFIX = 'x-object-sysmeta-container-update-override-'
/** Nothing that is compared has this character in it. */
const SEPARATOR = '\0'
const SIZE_DIGITS = 16
const SECONDS_DIGITS = 10
/** Hex digits that tell one set of headers from another. */
const PRINT_DIGITS = 16

/** Of data: computed once per record. `undefined` for data whose record is not known here. */
export function precedenceOf(data: DataVersion): string | undefined {
  const { record } = data
  if (record === undefined) return data.precedence
  const known = ofRecords.get(record)
  if (known !== undefined) return known
  const precedence = precedenceOfRecord(record)
  ofRecords.set(record, precedence)
  return precedence
}

const ofRecords = new WeakMap<DataRecord, string>()

function precedenceOfRecord({ etag, sizeBytes, contentType, headers }: DataRecord): string {
  const told = (name: string): string | undefined => headers[`${OVERRIDE_PREFIX}${name}`]
  const [type, swiftBytes = ''] = splitSwiftBytes(splitExpiry(told('content-type') ?? contentType)[0])
  return [
    told('etag') ?? etag,
    (told('size') ?? String(sizeBytes)).padStart(SIZE_DIGITS, '0'),
    swiftBytes,
    type,
    expiryOf(headers),
    printOf({ ...headers, 'content-type': contentType }),
  ].join(SEPARATOR)
}

/** Of what a POST stored, its content type and its facts aside: those have times of their own. */
export function precedenceOfMeta(meta: MetaRecord): string {
  if (meta.precedence !== undefined) return meta.precedence
  const headers = withoutFacts(meta.headers)
  return [expiryOf(headers), printOf(headers)].join(SEPARATOR)
}

/** What tells one value of a fact from another. */
export function printOfFact({ value, print }: Fact): string {
  return print ?? hash('md5', value, 'hex').slice(0, PRINT_DIGITS)
}

/** What differs between two that differ, and is shorter. */
export function printIn(precedence: string): string {
  return precedence.slice(precedence.lastIndexOf(SEPARATOR) + 1)
}

function expiryOf(headers: HeaderMap): string {
  return String(deleteAtOf({ headers }) ?? 0).padStart(SECONDS_DIGITS, '0')
}

function printOf(headers: HeaderMap): string {
  const sorted = Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
  return hash('md5', JSON.stringify(sorted), 'hex').slice(0, PRINT_DIGITS)
}
