/**
 * JSON byte for byte as Python's `json.dumps` writes it by default: a space after `,` and `:`, and everything beyond
 * printable ASCII escaped. What OpenStack Swift stored or answered has these sizes and digests, and clients compare them.
 */

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue | undefined }

/** Members that are `undefined` are left out. Numbers must be whole. */
export function pythonJson(value: JsonValue): string {
  if (typeof value === 'string') return pythonString(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (isList(value)) return `[${value.map(pythonJson).join(', ')}]`
  const members: string[] = []
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${pythonString(name)}: ${pythonJson(member)}`)
  }
  return `{${members.join(', ')}}`
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}

const BEYOND_ASCII = /[\u007f-\uffff]/g

function pythonString(text: string): string {
  return JSON.stringify(text).replace(
    BEYOND_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
