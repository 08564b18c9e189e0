/** The query of a temporary URL, read once. Of a repeated parameter the first counts, as in OpenStack Swift. */
import { decodePercent } from '#base/names.ts'

export interface TempUrlParameters {
  /** `''` when it is missing. */
  readonly signature: string
  /** Seconds since the epoch; `undefined` when it is missing or no time. */
  readonly expires: number | undefined
  /** With it the signature holds for every object whose name begins so. */
  readonly prefix: string | undefined
  readonly ipRange: string | undefined
  readonly filename: string | undefined
  readonly disposition: 'attachment' | 'inline'
}

/** The parameters, `invalid` when one of them is no text, or `undefined` when this is no temporary URL. */
export function tempUrlParameters(query: string): TempUrlParameters | 'invalid' | undefined {
  if (!query.includes('temp_url_')) return undefined
  const values = firstValues(query)
  const signature = values.get('temp_url_sig')
  const expires = values.get('temp_url_expires')
  if (signature === undefined && expires === undefined) return undefined
  if ([...values.values()].includes(NO_TEXT)) return 'invalid'
  return {
    signature: signature ?? '',
    expires: secondsIn(expires ?? ''),
    prefix: values.get('temp_url_prefix'),
    ipRange: values.get('temp_url_ip_range') || undefined,
    filename: values.get('filename') || undefined,
    disposition: values.has('inline') ? 'inline' : 'attachment',
  }
}

const NAMES: ReadonlySet<string> = new Set([
  'temp_url_sig',
  'temp_url_expires',
  'temp_url_prefix',
  'temp_url_ip_range',
  'filename',
  'inline',
])

/** Stands for a value that is not UTF-8; no decoded value can be it. */
const NO_TEXT = '\ud800'

function firstValues(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    if (!NAMES.has(name) || values.has(name)) continue
    const written = equals < 0 ? '' : pair.slice(equals + 1)
    // Not signed, so nothing can be passed off for something else.
    values.set(name, name === 'filename' ? decodedAnyhow(written) : decoded(written))
  }
  return values
}

function decoded(field: string): string {
  return decodePercent(field.replaceAll('+', ' ')) ?? NO_TEXT
}

/** With `\ufffd` for what is not UTF-8, as Python reads it. */
function decodedAnyhow(field: string): string {
  const bytes = field.replaceAll('+', ' ').replace(/%([0-9a-f]{2})/gi, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The end of the year 9999, where dates in headers end. */
const LAST_SECOND = 253_402_300_799

/** Seconds since the epoch, or a UTC time such as `2026-01-31T23:59:59Z`. */
function secondsIn(written: string): number | undefined {
  const seconds = /^ *[+-]?\d{1,15} *$/.test(written) ? Number(written) : secondsOfIsoTime(written)
  return seconds === undefined || seconds < 0 || seconds > LAST_SECOND ? undefined : seconds
}

const ISO_TIME = /^(\d{4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})Z$/

function secondsOfIsoTime(written: string): number | undefined {
  const fields = ISO_TIME.exec(written)?.slice(1).map(Number)
  if (fields === undefined) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  const date = new Date(ms)
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isReal && hour < 24 && minute < 60 && second < 60 ? ms / 1000 : undefined
}
