/**
 * A configuration: what a TOML file says, with what the command line says on top, checked against the option tables. The
 * storage policies are the only part that is not a plain option; each is a table of its own, `[[policy]]`.
 */
import { parse, TomlError } from 'smol-toml'
import { type PolicyOptions, parsePolicies, StoragePolicies } from '#backend/policies.ts'
import { nearestName, type OptionTable, parseOptions } from '#base/options.ts'
import { SECTIONS, type Settings } from './options.ts'

export interface Configuration {
  readonly settings: Settings
  readonly policies: StoragePolicies
  /** The policies as they were written, to be handed to other processes. */
  readonly policyOptions: readonly PolicyOptions[]
}

/** Each a sentence that names the option. */
export interface WrongConfiguration {
  readonly problems: readonly string[]
}

/** Values by section and written option that stand above those of the file. */
export type Overrides = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const POLICY = 'policy'
const POLICY_MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  index: Number.isSafeInteger,
  name: isText,
  aliases: (value) => Array.isArray(value) && value.every(isText),
  type: isText,
  default: isFlag,
  deprecated: isFlag,
}

/** Reads the text of a configuration file. */
export function readConfiguration(
  toml: string,
  overrides: Overrides = {},
): Configuration | WrongConfiguration {
  const written = parseToml(toml)
  if ('problems' in written) return written
  const { [POLICY]: policy = [], ...sections } = written.table
  const settings = readSettings(withOverrides(sections, overrides))
  const policyOptions = readPolicyOptions(policy)
  if ('problems' in settings) return settings
  if ('problems' in policyOptions) return policyOptions
  const policies = parsePolicies(policyOptions)
  if (!(policies instanceof StoragePolicies)) return { problems: [policies.message] }
  return { settings, policies, policyOptions }
}

function parseToml(toml: string): { readonly table: Record<string, unknown> } | WrongConfiguration {
  try {
    return { table: parse(toml) }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    return { problems: [`line ${error.line} is not TOML: ${error.message.split('\n')[0]}`] }
  }
}

function readSettings(written: Readonly<Record<string, unknown>>): Settings | WrongConfiguration {
  const problems = unknownSections(written)
  const values: Record<string, unknown> = {}
  for (const [name, table] of Object.entries<OptionTable>(SECTIONS)) {
    const section = written[name] ?? {}
    if (typeof section !== 'object' || Array.isArray(section)) {
      problems.push(`${name} is a section, written [${name}]`)
      continue
    }
    const parsed = parseOptions(table, section as Readonly<Record<string, unknown>>)
    if (parsed.kind === 'options') values[name] = parsed.options
    else problems.push(...parsed.errors.map((error) => `[${name}] ${error}`))
  }
  return problems.length > 0 ? { problems } : (Object.freeze(values) as unknown as Settings)
}

function unknownSections(written: Readonly<Record<string, unknown>>): string[] {
  const known = [...Object.keys(SECTIONS), POLICY]
  return Object.keys(written)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known)
      return `unknown section [${name}]${nearest === undefined ? '' : ` (did you mean [${nearest}]?)`}`
    })
}

function withOverrides(
  sections: Readonly<Record<string, unknown>>,
  overrides: Overrides,
): Record<string, unknown> {
  const merged = { ...sections }
  for (const [name, values] of Object.entries(overrides)) {
    merged[name] = { ...(merged[name] as Record<string, unknown> | undefined), ...values }
  }
  return merged
}

function readPolicyOptions(written: unknown): readonly PolicyOptions[] | WrongConfiguration {
  if (!Array.isArray(written)) return { problems: [`storage policies are written [[${POLICY}]]`] }
  const problems = written.flatMap((policy: unknown, at) => problemsOfPolicy(policy, at + 1))
  return problems.length > 0 ? { problems } : (written as PolicyOptions[])
}

function problemsOfPolicy(policy: unknown, number: number): readonly string[] {
  if (typeof policy !== 'object' || policy === null) return [`storage policies are written [[${POLICY}]]`]
  const members = policy as Readonly<Record<string, unknown>>
  const wrong = Object.entries(members).flatMap(([name, value]) => {
    const isRight = POLICY_MEMBERS[name]
    if (isRight === undefined) return [`[[${POLICY}]] number ${number}: unknown option ${name}`]
    return isRight(value) ? [] : [`[[${POLICY}]] number ${number}: option ${name} has a wrong value`]
  })
  const missing = ['index', 'name'].filter((name) => members[name] === undefined)
  return [...wrong, ...missing.map((name) => `[[${POLICY}]] number ${number}: option ${name} is missing`)]
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean'
}
