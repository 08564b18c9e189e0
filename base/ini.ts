/**
 * Reads the kind of configuration file that OpenStack Swift's tools share (Python's `configparser`): sections in
 * brackets, `key = value` or `key: value`, comments on lines of their own, values that go on in indented lines, and a
 * section `[DEFAULT]` whose values are those of every section. Nothing is interpolated.
 */

/** Values by section and by key, as they are written. */
export type IniSections = ReadonlyMap<string, ReadonlyMap<string, string>>

export type ParsedIni =
  | {
      readonly kind: 'sections'
      readonly sections: IniSections
      readonly defaults: ReadonlyMap<string, string>
    }
  /** The number of the line that cannot be read, from 1. What stands there may be a secret, and is not told. */
  | { readonly kind: 'malformed'; readonly line: number }

const SECTION = /^\[([^\]]+)\]\s*$/
const DEFAULTS = 'DEFAULT'

export function parseIni(text: string): ParsedIni {
  const defaults = new Map<string, string>()
  const written = new Map<string, Map<string, string>>()
  let values: Map<string, string> | undefined
  let key: string | undefined
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue
    const section = SECTION.exec(line)?.[1]
    if (section !== undefined) {
      values = section === DEFAULTS ? defaults : (written.get(section) ?? new Map<string, string>())
      if (section !== DEFAULTS) written.set(section, values)
      key = undefined
      continue
    }
    if (values === undefined) return { kind: 'malformed', line: at + 1 }
    if (/^\s/.test(line) && key !== undefined) {
      values.set(key, `${values.get(key) ?? ''}\n${trimmed}`)
      continue
    }
    const separator = line.search(/[=:]/)
    if (separator < 1) return { kind: 'malformed', line: at + 1 }
    key = line.slice(0, separator).trim()
    values.set(key, line.slice(separator + 1).trim())
  }
  const sections = new Map([...written].map(([name, own]) => [name, new Map([...defaults, ...own])]))
  return { kind: 'sections', sections, defaults }
}
