/**
 * How the value of an option is written. A parser takes what TOML, JSON, the command line (text) or the environment
 * (text) gives and returns the typed value, or says what it expects.
 */

export type Parsed<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  /** Completes the sentence "… is not". */
  | { readonly kind: 'expected'; readonly expected: string }

export type ValueParser<Value> = (written: unknown) => Parsed<Value>

function value<Value>(parsed: Value): Parsed<Value> {
  return { kind: 'value', value: parsed }
}

function expected(what: string): { readonly kind: 'expected'; readonly expected: string } {
  return { kind: 'expected', expected: what }
}

/** Any text; without `least`, the empty one too. */
export function text(bounds: { readonly leastLength?: number } = {}): ValueParser<string> {
  const least = bounds.leastLength ?? 0
  const what = least === 0 ? 'a text' : `a text of at least ${least} characters`
  return (written) =>
    typeof written === 'string' && written.length >= least ? value(written) : expected(what)
}

/** A whole number within bounds. */
export function integer(
  bounds: { readonly least?: number; readonly most?: number } = {},
): ValueParser<number> {
  const what = `a whole number${range(bounds)}`
  return (written) => {
    const number = numberOf(written)
    return number !== undefined && Number.isSafeInteger(number) && within(number, bounds)
      ? value(number)
      : expected(what)
  }
}

/** A number within bounds. */
export function decimal(
  bounds: { readonly least?: number; readonly most?: number } = {},
): ValueParser<number> {
  const what = `a number${range(bounds)}`
  return (written) => {
    const number = numberOf(written)
    return number !== undefined && within(number, bounds) ? value(number) : expected(what)
  }
}

/** A TCP port; 0 lets the system choose. */
export const port: ValueParser<number> = (written) => {
  const parsed = integer({ least: 0, most: 65_535 })(written)
  return parsed.kind === 'value' ? parsed : expected('a port (0 to 65535)')
}

const TRUE = new Set(['true', '1', 'yes', 'on', 't', 'y'])
const FALSE = new Set(['false', '0', 'no', 'off', 'f', 'n'])

/** True or false; as text in the words that OpenStack Swift knows too (`config_true_value`). */
export const boolean: ValueParser<boolean> = (written) => {
  if (typeof written === 'boolean') return value(written)
  const word = typeof written === 'string' ? written.toLowerCase() : ''
  if (TRUE.has(word)) return value(true)
  return FALSE.has(word) ? value(false) : expected('true or false')
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
}

/** A number of bytes: `65536`, `64K`, `64 KiB`, `5GB`; every unit is a power of 1024. */
export const bytes: ValueParser<number> = (written) => {
  const what = 'a number of bytes, such as 65536, 64K, 5 MiB or 2G'
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([kmgt]?)(?:i?b)?$/i.exec(wordOf(written))
  if (match === null) return expected(what)
  const count = Math.round(Number(match[1]) * (BYTE_UNITS[(match[2] ?? '').toLowerCase()] ?? 1))
  return Number.isSafeInteger(count) ? value(count) : expected(what)
}

const MS_PER: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A length of time in milliseconds; written in seconds (`60`, `0.5`) or with a unit (`500ms`, `5m`, `2h`, `7d`). */
export const duration: ValueParser<number> = (written) => {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?(ms|s|m|h|d)?$/i.exec(wordOf(written))
  if (match === null) return expected('a duration: seconds, or a number with ms, s, m, h or d')
  return value(Number(match[1]) * (MS_PER[(match[2] ?? 's').toLowerCase()] ?? 1000))
}

/** One of the given words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ValueParser<Word> {
  return (written) => {
    const found = words.find((word) => word === written)
    return found === undefined ? expected(`one of ${words.join(', ')}`) : value(found)
  }
}

/** A list; as text, its items are separated by commas. */
export function listOf<Item>(item: ValueParser<Item>): ValueParser<readonly Item[]> {
  return (written) => {
    const pieces = typeof written === 'string' ? piecesOf(written) : written
    if (!Array.isArray(pieces)) return expected('a list')
    const items: Item[] = []
    for (const piece of pieces as readonly unknown[]) {
      const parsed = item(piece)
      if (parsed.kind === 'expected') return expected(`a list in which each item is ${parsed.expected}`)
      items.push(parsed.value)
    }
    return value(Object.freeze(items))
  }
}

/** A path of the filesystem, as written. */
export const path: ValueParser<string> = (written) => {
  const isPath = typeof written === 'string' && written !== '' && !written.includes('\0')
  return isPath ? value(written) : expected('a path')
}

function piecesOf(written: string): string[] {
  return written
    .split(',')
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
}

function wordOf(written: unknown): string {
  return typeof written === 'number' || typeof written === 'string' ? String(written).trim() : ''
}

function numberOf(written: unknown): number | undefined {
  if (typeof written === 'number') return written
  if (typeof written === 'bigint') return Number(written)
  return typeof written === 'string' && /^-?\d+(\.\d+)?$/.test(written) ? Number(written) : undefined
}

interface Bounds {
  readonly least?: number
  readonly most?: number
}

function within(number: number, bounds: Bounds): boolean {
  return number >= (bounds.least ?? -Infinity) && number <= (bounds.most ?? Infinity)
}

function range(bounds: Bounds): string {
  if (bounds.least !== undefined && bounds.most !== undefined)
    return ` from ${bounds.least} to ${bounds.most}`
  if (bounds.least !== undefined) return `, at least ${bounds.least}`
  return bounds.most === undefined ? '' : `, at most ${bounds.most}`
}
