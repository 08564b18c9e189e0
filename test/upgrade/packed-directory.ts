/**
 * A data directory in one compressed file, attributes included, which archives do not keep everywhere.
 *
 *     node test/upgrade/packed-directory.ts DIRECTORY FILE      packs
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { getAttributeSync, listAttributesSync, setAttributeSync } from 'fs-xattr'

interface PackedFile {
  readonly path: string
  /** Base64. */
  readonly bytes: string
  /** Base64, by name. */
  readonly attributes: Readonly<Record<string, string>>
}

interface Packed {
  readonly directories: readonly string[]
  readonly files: readonly PackedFile[]
}

/** What LevelDB writes for people, and makes anew. */
const LEFT_OUT: ReadonlySet<string> = new Set(['LOG', 'LOG.old', 'LOCK'])

export function pack(root: string): Buffer {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name).slice(root.length + 1)
    return { path, isDirectory: entry.isDirectory(), name: entry.name }
  })
  const directories = entries.filter(({ isDirectory }) => isDirectory).map(({ path }) => path)
  const files = entries
    .filter(({ isDirectory, name }) => !isDirectory && !LEFT_OUT.has(name))
    .map(({ path }) => packFile(root, path))
  return gzipSync(JSON.stringify({ directories, files } satisfies Packed), { level: 9 })
}

function packFile(root: string, path: string): PackedFile {
  const full = join(root, path)
  const named = listAttributesSync(full).map((name) => [
    name,
    getAttributeSync(full, name).toString('base64'),
  ])
  return { path, bytes: readFileSync(full).toString('base64'), attributes: Object.fromEntries(named) }
}

/** Makes the directory that was packed. Throws where the filesystem has no user attributes. */
export function unpack(file: URL, root: string): void {
  const { directories, files } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Packed
  for (const path of directories) mkdirSync(join(root, path), { recursive: true })
  for (const { path, bytes, attributes } of files) {
    const full = join(root, path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, Buffer.from(bytes, 'base64'))
    for (const [name, value] of Object.entries(attributes))
      setAttributeSync(full, name, Buffer.from(value, 'base64'))
  }
}

if (import.meta.main) {
  const [directory = '', file = ''] = process.argv.slice(2)
  writeFileSync(file, pack(directory))
}
