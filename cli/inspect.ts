/**
 * `martlet inspect FILE`: says what any file of ours is, and whether it is whole. Nothing is changed; a LevelDB is only
 * opened when no process has it.
 */
import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { realEnvironment } from '#node/environment.ts'
import { parseFileName } from '#object-server/layout.ts'
import { inspectLevel, inspectLevelFile, isLevel, isLevelFile } from './inspect-level.ts'
import { inspectObjectFile, inspectTemporary } from './inspect-object.ts'
import { inspectSmallFile } from './inspect-small.ts'
import { complain, say } from './report.ts'

/** What was found: facts by name, nested where that reads better. */
export interface Inspection {
  /** `object data`, `ring`, `cluster file`… */
  readonly what: string
  readonly facts: Readonly<Record<string, unknown>>
  /** What is wrong with it; empty for a file that is whole. */
  readonly problems: readonly string[]
}

/** Exit code 1 when the file is damaged or is none of ours. */
export async function inspect(file: string, args: { readonly json?: true }): Promise<void> {
  const path = resolve(file)
  const found = await inspected(path)
  if (typeof found === 'string') return complain(found)
  say(args.json === true ? JSON.stringify({ path, ...found }) : inspectionText(path, found))
  if (found.problems.length > 0) process.exitCode = 1
}

/** What the file or directory at a path is; a sentence where that cannot be told. */
export async function inspected(path: string): Promise<Inspection | string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error) return `${path} cannot be read (${found.code})`
  const { disk, kv } = realEnvironment()
  if (found.isDirectory()) {
    return (await isLevel(path))
      ? inspectLevel(kv, path)
      : `${path} is a directory that is no LevelDB; name a file in it`
  }
  const name = parseFileName(objectName(basename(path)))
  if (name !== undefined) return inspectObjectFile(disk, path, name)
  if (isTemporary(path)) return inspectTemporary(disk, path)
  if (isLevelFile(basename(path))) return inspectLevelFile(path)
  const small = await inspectSmallFile(disk, path)
  return isUnfinished(path) ? unfinished(small) : small
}

/** What a device is writing (`docs/on-disk.md`, section 2). */
function isTemporary(path: string): boolean {
  return basename(dirname(path)) === 'tmp' && /^(?:audit-)?\d+-\d+$/.test(basename(path))
}

/** A replacement of a small file or a ring that nobody finished. */
function isUnfinished(path: string): boolean {
  return /\.(?:unfinished|[0-9a-f]{12}\.new)$/.test(path)
}

/** Harmless, whole or not: the file that it was to replace counts. */
function unfinished({ what, facts, problems }: Inspection): Inspection {
  const left = { ...facts, ...(problems.length === 0 ? {} : { 'as far as it got': problems.join('; ') }) }
  return { what: `replacement that was not finished, ${what}`, facts: left, problems: [] }
}

/** In quarantine a file may have a number behind its name; a candidate that waits has chance behind its time. */
function objectName(name: string): string {
  return name.replace(/(\.(?:data|meta|ts))\.\d+$/, '$1').replace(/-[0-9a-f]{16}(\.data)$/, '$1')
}

function inspectionText(path: string, { what, facts, problems }: Inspection): string {
  return [
    path,
    `  ${what}`,
    ...factLines(facts, '  '),
    ...(problems.length === 0 ? ['  whole'] : problems.map((problem) => `  ! ${problem}`)),
  ].join('\n')
}

function factLines(facts: Readonly<Record<string, unknown>>, indent: string): readonly string[] {
  const shown = Object.entries(facts).filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.flatMap(([name, value]) => {
    if (typeof value !== 'object' || value === null)
      return [`${indent}${name.padEnd(width)}  ${String(value)}`]
    if (Array.isArray(value)) return [`${indent}${name}`, ...value.map((one) => `${indent}  ${textOf(one)}`)]
    return [`${indent}${name}`, ...factLines(value as Record<string, unknown>, `${indent}  `)]
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
