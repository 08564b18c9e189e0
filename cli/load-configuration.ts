/** Reads a configuration file for a command. */
import { readFile } from 'node:fs/promises'
import { type Configuration, type Overrides, readConfiguration } from '#node/configuration.ts'

/** The configuration, or what is wrong with it in a sentence. Without a file, the defaults and the overrides. */
export async function loadConfiguration(
  file: string | undefined,
  overrides: Overrides = {},
): Promise<Configuration | { readonly problem: string }> {
  const toml = file === undefined ? '' : await readText(file)
  if (typeof toml !== 'string') return toml
  const configuration = readConfiguration(toml, { ...dayOfTests(), ...overrides })
  if (!('problems' in configuration)) return configuration
  const where = file === undefined ? '' : `${file}: `
  return { problem: where + configuration.problems.join('; ') }
}

async function readText(file: string): Promise<string | { readonly problem: string }> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    return { problem: `${file} cannot be read (${(error as NodeJS.ErrnoException).code})` }
  }
}

/** `MARTLET_LIFECYCLE_DAY_SECONDS`: lifecycle rules that speak of days can be tried out in seconds. */
function dayOfTests(): Overrides {
  const written = process.env['MARTLET_LIFECYCLE_DAY_SECONDS']
  return written === undefined ? {} : { lifecycle: { day: written } }
}
