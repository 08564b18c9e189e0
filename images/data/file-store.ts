/**
 * A directory as a store of images: a file for each, written beside its name, synced, and renamed. Every proxy host must see the
 * same directory.
 */
import { dirname, join } from 'node:path'
import type { Disk, DiskFile } from '#base/environment.ts'
import type { BodyStream } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { OperationContext } from '#store/operation.ts'
import { Refusal, unavailable } from '../refusal.ts'
import type { ByteSource, BytesRead, ImageStore, StoredBytes } from './image-store.ts'

const READ_BYTES = 256 * 1024
const PARTIAL = '.part'

export class FileStore implements ImageStore {
  readonly id: string
  readonly description: string
  readonly type = 'file'
  readonly access = 'writable'
  readonly properties: Readonly<Record<string, string | number | boolean>>
  readonly #disk: Disk
  readonly #directory: string

  constructor(disk: Disk, id: string, directory: string) {
    this.#disk = disk
    this.#directory = directory
    this.id = id
    this.description = `The directory ${directory}`
    this.properties = { data_dir: directory, chunk_size: READ_BYTES, thin_provisioning: false }
  }

  async write(context: OperationContext, key: string, source: ByteSource): Promise<StoredBytes | Refusal> {
    const path = this.#path(key)
    try {
      await this.#disk.mkdir(dirname(path), { recursive: true })
      const file = await this.#disk.createExclusive(`${path}${PARTIAL}`)
      const sizeBytes = await copied(file, source)
      await this.#disk.rename(`${path}${PARTIAL}`, path)
      await this.#disk.syncDirectory(dirname(path))
      return { sizeBytes }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOSPC' || code === 'EDQUOT') return new Refusal(413, 'The image store is full.')
      if (code === undefined || !code.startsWith('E')) throw error
      context.log.warn({ err: error, store: this.id }, 'an image could not be written')
      return unavailable('The image store cannot keep the data now.')
    }
  }

  async read(_context: OperationContext, key: string, range: ByteRange | undefined): Promise<BytesRead> {
    try {
      const file = await this.#disk.openRead(this.#path(key))
      const { sizeBytes } = await file.stat()
      return { kind: 'found', sizeBytes, body: bodyOf(file, range ?? { start: 0, end: sizeBytes }) }
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unavailable', reason: code }
    }
  }

  async remove(_context: OperationContext, key: string): Promise<boolean> {
    const gone = await Promise.all([
      this.#unlink(this.#path(key)),
      this.#unlink(`${this.#path(key)}${PARTIAL}`),
    ])
    return gone.every(Boolean)
  }

  async #unlink(path: string): Promise<boolean> {
    try {
      await this.#disk.unlink(path)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT'
    }
  }

  /** Keys are ids with a slash between them, made by the registry. */
  #path(key: string): string {
    return join(this.#directory, key)
  }
}

/** Durable on return; the file is closed in any case. */
async function copied(file: DiskFile, source: ByteSource): Promise<number> {
  let position = 0
  try {
    for await (const chunk of source) {
      await file.write(chunk, position)
      position += chunk.length
    }
    await file.sync()
    return position
  } finally {
    await file.close()
  }
}

function bodyOf(file: DiskFile, { start, end }: ByteRange): BodyStream {
  let isOpen = true
  const close = async (): Promise<void> => {
    if (isOpen) await file.close()
    isOpen = false
  }
  return {
    cancel: close,
    async *[Symbol.asyncIterator]() {
      try {
        for (let position = start; position < end; ) {
          const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position))
          const read = await file.read(chunk, position)
          if (read === 0) throw new Error('an image file is shorter than it was')
          position += read
          yield chunk.subarray(0, read)
        }
      } finally {
        await close()
      }
    },
  }
}
