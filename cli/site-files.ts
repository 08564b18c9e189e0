/** The files of a folder as the objects that a website is made of: names, types, checksums. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TextDecoder } from 'node:util'
import { guessedType, UNKNOWN_TYPE } from '#proxy/swift/content-types.ts'

export interface SiteFile {
  /** Name of the object: the path below the folder, with slashes. */
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
}

export interface SiteFolder {
  /** Sorted by name. */
  readonly files: readonly SiteFile[]
  /** Paths that are not published: hidden ones, and what is neither file nor folder. */
  readonly leftOut: readonly string[]
}

/** Published although it is hidden (RFC 8615). */
const WELL_KNOWN = '.well-known'

/** Rejects as `readdir` does when the folder cannot be read. */
export async function filesBelow(folder: string, prefix = ''): Promise<SiteFolder> {
  const files: SiteFile[] = []
  const leftOut: string[] = []
  for (const entry of (await readdir(folder)).toSorted()) {
    const path = join(folder, entry)
    const name = prefix + entry
    if (entry.startsWith('.') && entry !== WELL_KNOWN) {
      leftOut.push(name)
      continue
    }
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory() === true) {
      const below = await filesBelow(path, `${name}/`)
      files.push(...below.files)
      leftOut.push(...below.leftOut)
    } else if (found?.isFile() === true) files.push({ name, path, sizeBytes: found.size })
    else leftOut.push(name)
  }
  return { files, leftOut }
}

export interface FileFacts {
  /** MD5 in hex: the ETag of the object. */
  readonly etag: string
  readonly sizeBytes: number
  readonly contentType: string
}

/** Types of endings that belong to websites and to hardly anything else. */
const TYPES_OF_SITES: Readonly<Record<string, string>> = {
  atom: 'application/atom+xml',
  map: 'application/json',
  webmanifest: 'application/manifest+json',
}

/** Reads the file once. A text in UTF-8 says so in its type: browsers guess otherwise. */
export async function factsOf({ name, path }: SiteFile): Promise<FileFacts> {
  const type = typeOf(name)
  const md5 = createHash('md5')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isUtf8 = type.startsWith('text/')
  let sizeBytes = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    md5.update(chunk)
    if (isUtf8) isUtf8 = decodes(decoder, chunk)
  }
  if (isUtf8) isUtf8 = decodes(decoder, undefined)
  return { etag: md5.digest('hex'), sizeBytes, contentType: isUtf8 ? `${type}; charset=utf-8` : type }
}

function typeOf(name: string): string {
  const guessed = guessedType(name)
  if (guessed !== UNKNOWN_TYPE) return guessed
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return TYPES_OF_SITES[ending] ?? guessed
}

/** `undefined` is the end of the text. */
function decodes(decoder: TextDecoder, chunk: Buffer | undefined): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined })
    return true
  } catch {
    return false
  }
}
