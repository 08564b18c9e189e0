/**
 * The one way to be configured. A room declares its options in a table; the program's main parses the table once from
 * what the operator wrote and hands the frozen, typed result to constructors. Nothing reads configuration later.
 *
 * An unknown key, a wrong value and a missing one are errors that name the option; all of them are reported at once.
 */
import type { ValueParser } from './option-values.ts'

export interface OptionSpec<Value> {
  /** As it is written in a file: `client_timeout`. On the command line `--client-timeout` means the same. */
  readonly name: string
  /** What it does, in a sentence. */
  readonly doc: string
  /** Of the written value: `seconds`, `bytes`… */
  readonly unit?: string | undefined
  readonly parse: ValueParser<Value>
  /** Without it the option must be given. */
  readonly default?: Value
  /** The value is shown to nobody, not even in an error. */
  readonly secret?: boolean
  /** Where name and default come from: an option of OpenStack Swift, a measurement, a decision. */
  readonly source: string
}

/** Declares one option. */
export function option<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  return spec
}

// oxlint-disable-next-line typescript/no-explicit-any -- a table mixes options of all types; each keeps its own
export type OptionTable = Readonly<Record<string, OptionSpec<any>>>

/** The typed result of a table. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends OptionSpec<infer Value> ? Value : never
}

export type ParsedOptions<Table extends OptionTable> =
  | { readonly kind: 'options'; readonly options: OptionsOf<Table> }
  /** Each a sentence for the operator, naming the option. */
  | { readonly kind: 'errors'; readonly errors: readonly string[] }

/** The value of an option that is a table itself, `{ name = "…" }`: written and read by a table of its own. */
export function tableOf<Table extends OptionTable>(table: Table): ValueParser<OptionsOf<Table>> {
  return (written) => {
    if (typeof written !== 'object' || written === null || Array.isArray(written)) {
      return { kind: 'expected', expected: 'a table' }
    }
    const parsed = parseOptions(table, written as Readonly<Record<string, unknown>>)
    return parsed.kind === 'options'
      ? { kind: 'value', value: parsed.options }
      : { kind: 'expected', expected: `a table without mistakes (${parsed.errors.join('; ')})` }
  }
}

/** Reads what the operator wrote: a plain object of written names to values. */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  written: Readonly<Record<string, unknown>>,
): ParsedOptions<Table> {
  const errors = unknownKeys(table, written)
  const options: Record<string, unknown> = {}
  const given = new Map(Object.entries(written).map(([key, value]) => [canonical(key), value]))
  for (const [key, spec] of Object.entries(table)) {
    const parsed = parseOne(spec, given.get(canonical(spec.name)))
    if (parsed.kind === 'error') errors.push(parsed.error)
    else options[key] = parsed.value
  }
  if (errors.length > 0) return { kind: 'errors', errors }
  return { kind: 'options', options: Object.freeze(options) as OptionsOf<Table> }
}

function parseOne(
  spec: OptionSpec<unknown>,
  written: unknown,
): { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'error'; readonly error: string } {
  if (written === undefined) {
    if ('default' in spec) return { kind: 'value', value: spec.default }
    return { kind: 'error', error: `option ${spec.name} is missing: ${spec.doc}` }
  }
  const parsed = spec.parse(written)
  if (parsed.kind === 'value') return parsed
  return { kind: 'error', error: `option ${spec.name}: ${shown(spec, written)} is not ${parsed.expected}` }
}

function shown(spec: OptionSpec<unknown>, written: unknown): string {
  if (spec.secret === true) return 'the value given'
  return typeof written === 'bigint' ? String(written) : JSON.stringify(written)
}

function unknownKeys(table: OptionTable, written: Readonly<Record<string, unknown>>): string[] {
  const names = Object.values(table).map((spec) => spec.name)
  const known = new Set(names.map(canonical))
  return Object.keys(written)
    .filter((key) => !known.has(canonical(key)))
    .map((key) => {
      const nearest = nearestName(key, names)
      return `unknown option ${key}${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}`
    })
}

/** `--client-timeout`, `client-timeout` and `client_timeout` are one name. */
function canonical(name: string): string {
  return name.replace(/^--/, '').replaceAll('-', '_')
}

/** Names that differ in more places than this are not what was meant. */
const MOST_EDITS = 3

/** The known name that the written one is most likely a slip of. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let bestEdits = MOST_EDITS + 1
  for (const name of names) {
    const edits = editDistance(canonical(written).slice(0, 64), canonical(name))
    if (edits >= bestEdits || edits >= name.length) continue
    best = name
    bestEdits = edits
  }
  return best
}

/** Insertions, deletions and replacements that make one word of the other (Levenshtein). */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}

export interface OptionRow {
  readonly name: string
  /** The default in readable form; `required` when there is none. */
  readonly default: string
  readonly unit: string
  readonly doc: string
  readonly source: string
}

/** A row per option, for `martlet config explain` and the documentation. */
export function explain(table: OptionTable): readonly OptionRow[] {
  return Object.values(table).map((spec: OptionSpec<unknown>) => ({
    name: spec.name,
    default: 'default' in spec ? readable(spec.default) : 'required',
    unit: spec.unit ?? '',
    doc: spec.doc,
    source: spec.source,
  }))
}

function readable(value: unknown): string {
  if (value === undefined) return 'none'
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}
