/**
 * The regular files of a tar archive, one after the other, as it flows: ustar, GNU and PAX headers. A file's body must be
 * read or cancelled before the next file is asked for; what is left of it is skipped.
 */
import { extract } from 'tar-stream'
import { BodyError, type RequestBody } from '#http/message.ts'
import { keepPiece } from '#http/piece-memory.ts'
import { ArchiveError } from './archive-error.ts'

export interface ArchiveFile {
  /** As the archive has it: bytes, UTF-8 or not. */
  readonly name: Buffer
  readonly sizeBytes: number
  /** Extended header records (PAX), by their keys. */
  readonly records: ReadonlyMap<string, string>
  /** Rejects with a `BodyError` when the archive ends too early. */
  readonly body: RequestBody
}

type Extract = ReturnType<typeof extract>
type Entry = Extract extends AsyncIterable<infer Source> ? Source : never

/** Rejects with an `ArchiveError` when it is no archive, or with what reading the pieces rejects with. */
export async function* filesIn(pieces: AsyncIterable<Buffer>): AsyncGenerator<ArchiveFile> {
  const archive = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0])
  const failure: { error?: unknown } = {}
  void feed(archive, pieces, failure)
  try {
    for await (const entry of archive) {
      const body = new EntryBody(entry)
      if (isRegular(entry)) yield { ...headOf(entry), body }
      await body.skip()
    }
  } catch (error) {
    throw failure.error ?? new ArchiveError(problemIn(error as Error), error)
  } finally {
    archive.destroy(null)
  }
}

/** In the words of Swift's own reader, Python's `tarfile`. */
function problemIn({ message }: Error): string {
  return message.startsWith('Unexpected end') ? 'unexpected end of data' : 'invalid header'
}

/** Never rejects: what goes wrong ends the archive, and is noted. */
async function feed(
  archive: Extract,
  pieces: AsyncIterable<Buffer>,
  failure: { error?: unknown },
): Promise<void> {
  try {
    for await (const piece of pieces) {
      if (archive.destroyed) return
      keepPiece(piece)
      if (!archive.write(piece)) await eitherOf(archive, ['drain', 'close'])
    }
    archive.end(null)
  } catch (error) {
    failure.error = error
    archive.destroy(error as Error)
  }
}

function isRegular({ header }: Entry): boolean {
  return header.type === 'file' || header.type === 'contiguous-file'
}

function headOf({ header }: Entry): Omit<ArchiveFile, 'body'> {
  const records = new Map(Object.entries((header.pax ?? {}) as Readonly<Record<string, string>>))
  const path = records.get('path')
  const name = path === undefined || path === '' ? Buffer.from(header.name, 'latin1') : Buffer.from(path)
  return { name, sizeBytes: header.size, records }
}

interface Emitter {
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

function eitherOf(emitter: unknown, events: readonly string[]): Promise<void> {
  const source = emitter as Emitter
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const event of events) source.off(event, settle)
      resolve()
    }
    for (const event of events) source.on(event, settle)
  })
}

class EntryBody implements RequestBody, AsyncIterator<Buffer> {
  readonly lengthBytes: number
  readonly sendContinue = (): void => {}
  readonly #entry: Entry
  #leftBytes: number
  #cancelled = false

  constructor(entry: Entry) {
    this.#entry = entry
    this.lengthBytes = entry.header.size
    this.#leftBytes = entry.header.size
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer>> {
    if (this.#cancelled) throw new BodyError('BODY_CANCELLED')
    if (this.#leftBytes === 0) return { done: true, value: undefined }
    const piece = await this.#read()
    if (piece === undefined) throw new BodyError('SENDER_GONE')
    this.#leftBytes -= piece.length
    return { done: false, value: piece }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return { done: true, value: undefined }
  }

  async cancel(): Promise<void> {
    this.#cancelled = true
  }

  /** Reads to the end what nobody wanted. */
  async skip(): Promise<void> {
    while (this.#leftBytes > 0) {
      const piece = await this.#read()
      if (piece === undefined) return
      this.#leftBytes -= piece.length
    }
    // The end of an entry is noticed by reading once more.
    this.#entry.resume()
  }

  /** `undefined` when the archive ended. */
  async #read(): Promise<Buffer | undefined> {
    for (;;) {
      const piece = this.#entry.read() as Buffer | null
      if (piece !== null) return piece
      if (this.#entry.destroyed || this.#entry.destroying) return undefined
      await eitherOf(this.#entry, ['readable', 'end', 'close', 'error'])
    }
  }
}
