/**
 * Writes a body into a temporary file, with the CRC of each block and, unless the sender vouches for it, its MD5.
 * Nothing of it is an object before `finish` has synced it and the engine renamed it into place. Memory held is bounded
 * by two buffers of `BUFFER_BYTES`.
 */
import { createHash, type Hash, hash } from 'node:crypto'
import { BlockChecksums } from '#base/block-checksums.ts'
import type { Disk, DiskFile } from '#base/environment.ts'
import { releasePiece } from '#http/piece-memory.ts'
import { storeRecord } from './data-file.ts'
import type { DataRecord, DataVersion } from './object-state.ts'

/** Written in pieces of this size; a body up to it is written in one operation when it is complete. Bytes. */
const BUFFER_BYTES = 512 * 1024
/** A long body is synced on the way, so that the last sync never takes longer than the disk's deadline. Bytes. */
const SYNC_EVERY_BYTES = 64 * 1024 * 1024

/** Who says what the MD5 is: this server computes it, or the sender gives it with block CRCs that are compared. */
export type Hashing = 'md5' | 'crc_only'

export class DataWriter {
  readonly path: string
  readonly #disk: Disk
  readonly #checksums = new BlockChecksums()
  readonly #hashing: Hashing
  #md5: Hash | undefined
  #file: DiskFile | undefined
  #buffered: Buffer[] = []
  #bufferedBytes = 0
  #writtenBytes = 0
  #unsyncedBytes = 0
  #sizeBytes = 0
  #flushing: Promise<void> | undefined
  #etag: string | undefined

  constructor(disk: Disk, path: string, hashing: Hashing) {
    this.#disk = disk
    this.path = path
    this.#hashing = hashing
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Takes over the chunk; resolves when more may be given. */
  async write(chunk: Buffer): Promise<void> {
    this.#checksums.update(chunk)
    this.#sizeBytes += chunk.length
    this.#buffered.push(chunk)
    this.#bufferedBytes += chunk.length
    if (this.#bufferedBytes < BUFFER_BYTES) return
    await this.#flushing
    this.#flushing = this.#flush()
    // An error surfaces where the promise is awaited, at the next write or at the end.
    this.#flushing.catch(() => {})
  }

  /** MD5 of the body, once it is complete; `undefined` when the sender was to say it. */
  etag(): string | undefined {
    if (this.#hashing === 'crc_only') return undefined
    this.#etag ??= this.#md5 === undefined ? md5Of(this.#buffered) : this.#finishedMd5(this.#md5)
    return this.#etag
  }

  blockCrcs(): readonly number[] {
    return this.#checksums.finish()
  }

  /** Writes what is left and the record, and makes the file durable. */
  async finish(record: DataRecord): Promise<DataVersion> {
    await this.#flushing
    const file = this.#file ?? (await this.#create())
    if (this.#bufferedBytes > 0) await file.writeAll(this.#buffered, this.#writtenBytes)
    const fileBytes = await storeRecord(this.#disk, this.path, file, record)
    await file.sync()
    this.#file = undefined
    await file.close()
    const { timestamp, sizeBytes, etag } = record
    return { timestamp, sizeBytes, etag, fileBytes, record }
  }

  /** Throws away what was written. Never rejects. */
  async abort(): Promise<void> {
    await this.#flushing?.catch(() => {})
    await this.#file?.close().catch(() => {})
    this.#file = undefined
    await this.#disk.unlink(this.path).catch(() => {})
  }

  async #flush(): Promise<void> {
    const pieces = this.#buffered
    const bytes = this.#bufferedBytes
    if (this.#hashing === 'md5') this.#hashPieces(pieces)
    this.#buffered = []
    this.#bufferedBytes = 0
    const file = this.#file ?? (await this.#create())
    await file.writeAll(pieces, this.#writtenBytes)
    for (const piece of pieces) releasePiece(piece)
    this.#writtenBytes += bytes
    this.#unsyncedBytes += bytes
    if (this.#unsyncedBytes >= SYNC_EVERY_BYTES) {
      this.#unsyncedBytes = 0
      await file.sync()
    }
  }

  #hashPieces(pieces: readonly Buffer[]): void {
    this.#md5 ??= createHash('md5')
    for (const piece of pieces) this.#md5.update(piece)
  }

  #finishedMd5(md5: Hash): string {
    for (const piece of this.#buffered) md5.update(piece)
    return md5.digest('hex')
  }

  async #create(): Promise<DiskFile> {
    this.#file = await this.#disk.createExclusive(this.path)
    return this.#file
  }
}

function md5Of(pieces: readonly Buffer[]): string {
  const [only] = pieces
  return hash('md5', pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces), 'hex')
}
