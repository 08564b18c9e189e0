/** `martlet config`: what can be configured, and whether a file is right. */
import { explain, type OptionRow } from '#base/options.ts'
import { SECTIONS } from '#node/options.ts'
import { loadConfiguration } from './load-configuration.ts'
import { complain, say } from './report.ts'

/** Prints every option, as TOML with comments or as JSON. */
export function explainOptions(options: { readonly json?: true }): void {
  const rows = Object.entries(SECTIONS).map(([section, table]) => ({ section, rows: explain(table) }))
  if (options.json === true) {
    const flat = rows.flatMap(({ section, rows: ofSection }) =>
      ofSection.map((row) => ({ ...row, name: `${section}.${row.name}` })),
    )
    say(JSON.stringify(flat, null, 2))
    return
  }
  for (const { section, rows: ofSection } of rows) {
    for (const row of ofSection) say(explained(section, row))
  }
  say(POLICIES)
}

function explained(section: string, row: OptionRow): string {
  const unit = row.unit === '' ? '' : ` (${row.unit})`
  return `${section}.${row.name}${unit}\n    ${row.doc}\n    default: ${row.default}    from: ${row.source}\n`
}

const POLICIES = `[[policy]], once per storage policy
    index, name, aliases, default, deprecated; as in OpenStack Swift's swift.conf
    default: one policy, index 0, called Policy-0`

/** Says whether a configuration file is right. */
export async function checkConfiguration(file: string): Promise<void> {
  const configuration = await loadConfiguration(file)
  if ('problem' in configuration) complain(configuration.problem)
  else say(`${file} is right`)
}
