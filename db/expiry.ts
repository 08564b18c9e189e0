/**
 * When the object of a row expires. A row carries it as a parameter of its content type, `martlet_delete_at=<seconds>`,
 * which is taken off again before anybody is shown the content type: so a listing leaves out what has expired from that
 * second on, long before the expirer has deleted it, and servers that know nothing of it lose nothing.
 */

/** Name of the parameter; a client's own of this name is dropped by the object server. */
export const DELETE_AT_PARAMETER = 'martlet_delete_at'

/** Texts of rows without this have no time of expiry. */
export const EXPIRY_MARK = `;${DELETE_AT_PARAMETER}=`

const PARAMETER = new RegExp(String.raw`\s*;\s*${DELETE_AT_PARAMETER}\s*(?:=\s*("[^"]*"|[^;]*))?`, 'gi')

/** The content type without the parameter, and its value in seconds since the epoch. */
export function splitExpiry(
  contentType: string,
): readonly [contentType: string, expiresAt: number | undefined] {
  if (!/martlet_delete_at/i.test(contentType)) return [contentType, undefined]
  let written: string | undefined
  const kept = contentType.replace(PARAMETER, (_, value: string | undefined) => {
    written = value
    return ''
  })
  return [kept, written !== undefined && /^\d{1,10}$/.test(written) ? Number(written) : undefined]
}

/** The content type with the parameter, if there is a time. */
export function withExpiry(contentType: string, expiresAt: number | undefined): string {
  return expiresAt === undefined ? contentType : `${contentType}${EXPIRY_MARK}${expiresAt}`
}

/** Leaves out what has expired, and remembers how long what it let pass is right. */
export class ExpiryFilter {
  readonly #atSeconds: number
  #rightUntil = Number.POSITIVE_INFINITY

  /** `atSeconds`: the time of the listing, seconds since the epoch. */
  constructor(atSeconds: number) {
    this.#atSeconds = atSeconds
  }

  /** From this second on the listing has to be made anew. */
  get rightUntil(): number {
    return this.#rightUntil
  }

  hides(expiresAt: number | undefined): boolean {
    if (expiresAt === undefined) return false
    if (expiresAt <= this.#atSeconds) return true
    this.#rightUntil = Math.min(this.#rightUntil, expiresAt)
    return false
  }
}
