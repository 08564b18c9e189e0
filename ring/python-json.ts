/**
 * JSON as Python's `json.dumps(value, sort_keys=True, ensure_ascii=True)` writes it, so that a ring file of ours has the
 * very text that OpenStack Swift would have written for the same ring.
 */

export type PythonJson =
  | string
  | number
  | null
  | PythonFloat
  | readonly PythonJson[]
  | { readonly [key: string]: PythonJson }

/** A number that Python holds as a float: `100` is written `100.0`. */
export class PythonFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** The text, ASCII only, keys in the order of their code points. */
export function pythonJson(value: PythonJson): string {
  if (value === null || typeof value === 'number') return String(value)
  if (typeof value === 'string') return asciiString(value)
  if (value instanceof PythonFloat) return floatText(value.value)
  if (isList(value)) return `[${value.map(pythonJson).join(', ')}]`
  const keys = Object.keys(value).toSorted()
  return `{${keys.map((key) => `${asciiString(key)}: ${pythonJson(value[key] ?? null)}`).join(', ')}}`
}

function isList(
  value: readonly PythonJson[] | { readonly [key: string]: PythonJson },
): value is readonly PythonJson[] {
  return Array.isArray(value)
}

function floatText(value: number): string {
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped)
}

function escaped(character: string): string {
  return character === '\u007f' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
