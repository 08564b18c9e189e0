/** Files of one conversion in a directory of the host: nobody else's, not durable, and gone when it is over. */
import { join } from 'node:path'
import type { Disk, DiskFile, Random } from '#base/environment.ts'
import type { BodyStream } from '#http/message.ts'
import type { ByteSource } from '../data/image-store.ts'

const PREFIX = 'martlet-conversion-'
const READ_BYTES = 256 * 1024
/** Longer than any conversion takes, milliseconds: what is older was left by a process that died. */
export const LEFT_MS = 24 * 3_600_000

export class ScratchFile {
  readonly path: string
  readonly #disk: Disk

  constructor(disk: Disk, directory: string, random: Random) {
    this.#disk = disk
    this.path = join(directory, `${PREFIX}${random.bytes(16).toString('hex')}`)
  }

  /** Writes all of the source but its zeros; how many bytes that were. Rejects with its error, or with the disk's. */
  async fill(source: ByteSource): Promise<number> {
    const file = await this.#disk.createExclusive(this.path)
    try {
      return await writeSparse(file, source)
    } finally {
      await file.close()
    }
  }

  async sizeBytes(): Promise<number> {
    return (await this.#disk.stat(this.path)).sizeBytes
  }

  /** From the first byte to the last. */
  read(): BodyStream {
    const disk = this.#disk
    const { path } = this
    return {
      cancel: async () => {},
      async *[Symbol.asyncIterator]() {
        const file = await disk.openRead(path)
        try {
          for (let position = 0; ; ) {
            const chunk = Buffer.allocUnsafe(READ_BYTES)
            const read = await file.read(chunk, position)
            if (read === 0) return
            position += read
            yield chunk.subarray(0, read)
          }
        } finally {
          await file.close()
        }
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disk.unlink(this.path).catch(() => {})
  }
}

async function writeSparse(file: DiskFile, source: ByteSource): Promise<number> {
  let [position, end, written] = [0, 0, 0]
  for await (const chunk of source) {
    if (chunk.some((byte) => byte !== 0)) {
      await file.write(chunk, position)
      written += chunk.length
      end = position + chunk.length
    }
    position += chunk.length
  }
  if (end < position) await file.write(Buffer.alloc(1), position - 1)
  return written
}

/** Removes what processes that died left in the directory. */
export async function removeLeft(disk: Disk, directory: string, nowMs: number): Promise<void> {
  for (const name of await disk.readdir(directory)) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(directory, name)
    const left = await disk.stat(path).catch(() => undefined)
    if (left !== undefined && nowMs - left.mtimeMs > LEFT_MS) await disk.unlink(path).catch(() => {})
  }
}
