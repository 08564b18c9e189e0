/** Reads what records and requests have written, member by member. Nothing here throws. */

export type Members = Readonly<Record<string, unknown>>

/** The members of a JSON object; none of anything else. */
export function membersIn(value: unknown): Members {
  return isObject(value) ? value : {}
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOr<Other>(value: unknown, other: Other): string | Other {
  return typeof value === 'string' ? value : other
}

/** A text, or that there is none on purpose. */
export function textOrNone(value: unknown): string | null | undefined {
  return value === null ? null : textOr(value, undefined)
}

export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

export function itemsIn(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** Members that are none of those: clients may keep what they like with users and projects. */
export function furtherMembers(members: Members, known: readonly string[]): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !known.includes(name)))
}

/** A text that may stand where a name does: not empty, not too long, nothing that no record can hold. */
export function isNameText(value: unknown, charactersMax: number): value is string {
  return (
    typeof value === 'string' && value.trim() !== '' && value.length <= charactersMax && !value.includes('\0')
  )
}
