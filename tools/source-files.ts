/** The project's own TypeScript files, and what they import. */
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

export interface SourceFile {
  /** From the root of the project, with slashes: `http/server.ts`. */
  readonly path: string
  /** The top-level folder; empty for files beside the rooms. */
  readonly room: string
  readonly text: string
}

export interface Import {
  /** As written: `./message.ts`, `#base/log.ts`, `node:fs`, `pino`. */
  readonly specifier: string
  readonly line: number
}

const ROOT = new URL('../', import.meta.url)
const NOT_OURS = new Set(['node_modules', '.git', '.tap', 'testdata'])

/** Every `.ts` file of the project. */
export function sourceFiles(): readonly SourceFile[] {
  return filesBelow('').map((path) => ({
    path,
    room: path.includes('/') ? path.slice(0, path.indexOf('/')) : '',
    text: readFileSync(new URL(path, ROOT), 'utf8'),
  }))
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(new URL(folder === '' ? '.' : `${folder}/`, ROOT), { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : filesBelow(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

/** Tests and what exists for tests only may do more than the program itself. */
export function isForTests(path: string): boolean {
  return /\.test\.ts$|(^|\/)(testing|test-[^/]*)(\.ts$|\/)|-contract\.ts$/.test(path)
}

const FROM = /^[ \t]*(?:import|export)\b[^'"`;=()]*?\bfrom\s+'([^']+)'/gm
const BARE = /^[ \t]*import\s+'([^']+)'/gm
const DYNAMIC = /\bimport\('([^']+)'\)/g

/** All imports of a file, type imports too. */
export function importsOf(file: SourceFile): readonly Import[] {
  return [FROM, BARE, DYNAMIC].flatMap((form) =>
    [...file.text.matchAll(form)].map((match) => ({
      specifier: match[1] ?? '',
      line: lineAt(file.text, match.index + match[0].lastIndexOf(match[1] ?? '')),
    })),
  )
}

/** Where a relative specifier leads, from the root of the project. */
export function resolved(file: SourceFile, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file.path), specifier))
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
