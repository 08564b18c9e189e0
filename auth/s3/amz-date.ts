/** Times as signed requests write them. All of them are milliseconds since the epoch; nothing here throws. */

const LONG_FORM = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** `20130524T000000Z`, the one form that Signature Version 4 knows; `undefined` for anything else. */
export function parseAmzDate(written: string): number | undefined {
  const match = LONG_FORM.exec(written)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(timeMs) ? undefined : timeMs
}

/** `20130524T000000Z`. */
export function amzDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** `2013-05-24T00:00:00Z`, as errors and answers have it. */
export function isoSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, -5)}Z`
}

/** No date is longer. */
const DATE_CHARACTERS_MAX = 64
const NAMED_MONTH =
  /^[A-Za-z]{3,9}, ?\d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4} \d\d:\d\d:\d\d (?:GMT|UTC|Z|[+-]\d{4})$/

/** The `Date` of HTTP in its forms, or the one above; `undefined` for what is neither. */
export function parseHttpOrAmzDate(written: string): number | undefined {
  const amz = parseAmzDate(written)
  if (amz !== undefined || written.length > DATE_CHARACTERS_MAX || !NAMED_MONTH.test(written)) return amz
  const timeMs = Date.parse(written)
  return Number.isNaN(timeMs) ? undefined : timeMs
}
