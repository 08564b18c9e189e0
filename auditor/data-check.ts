/**
 * Reads a data file slice by slice and holds every byte against what was stored: the length, the CRC-32 of each block, and
 * at the end the MD5 of the whole. The same code runs in a thread (`check-task.ts`) and in a simulation. It reads and
 * answers; nothing is renamed or deleted here.
 */
import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Disk, DiskFile } from '#base/environment.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import { codeOf } from '#disk/disk-error.ts'

/** Some blocks of one file. Plain data: it goes to a thread. */
export interface SliceJob {
  /** Slices of one file have the same number, and no other file has it. */
  readonly check: number
  readonly path: string
  /** Length of the body, and of the whole file, bytes. */
  readonly sizeBytes: number
  readonly fileBytes: number
  /** MD5 of the body, 32 hex digits. */
  readonly etag: string
  readonly firstBlock: number
  /** Of the blocks of this slice. */
  readonly blockCrcs: readonly number[]
}

export type SliceOutcome =
  /** So far it is good. */
  | { readonly kind: 'more' }
  | { readonly kind: 'good' }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'missing' }
  /** The disk could not read it. */
  | { readonly kind: 'unreadable'; readonly code: string }
  /** What was computed of the slices before is gone: begin at the first one. */
  | { readonly kind: 'forgotten' }

/** Files under way whose MD5 is remembered. */
const CHECKS_MAX = 4

interface Running {
  readonly md5: Hash
  nextBlock: number
}

export class SliceChecks {
  readonly #disk: Disk
  readonly #running = new Map<number, Running>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Never rejects. */
  async run(job: SliceJob): Promise<SliceOutcome> {
    const running = this.#runningOf(job)
    if (running === undefined) return { kind: 'forgotten' }
    const outcome = await this.#read(job, running).catch(failureOf)
    if (outcome.kind !== 'more') this.#running.delete(job.check)
    return outcome
  }

  #runningOf({ check, firstBlock }: SliceJob): Running | undefined {
    if (firstBlock === 0) {
      const started = { md5: createHash('md5'), nextBlock: 0 }
      this.#running.set(check, started)
      for (const oldest of this.#running.keys()) {
        if (this.#running.size <= CHECKS_MAX) break
        this.#running.delete(oldest)
      }
      return started
    }
    const running = this.#running.get(check)
    return running?.nextBlock === firstBlock ? running : undefined
  }

  async #read(job: SliceJob, running: Running): Promise<SliceOutcome> {
    const file = await this.#disk.openRead(job.path)
    try {
      if (job.firstBlock === 0) {
        const { sizeBytes } = await file.stat()
        if (sizeBytes !== job.fileBytes)
          return damaged(`the file has ${sizeBytes} bytes, not ${job.fileBytes}`)
      }
      return await readBlocks(file, job, running)
    } finally {
      await file.close()
    }
  }
}

async function readBlocks(file: DiskFile, job: SliceJob, running: Running): Promise<SliceOutcome> {
  const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, job.sizeBytes - job.firstBlock * BLOCK_BYTES))
  for (const crc of job.blockCrcs) {
    const block = running.nextBlock
    const start = block * BLOCK_BYTES
    const wanted = buffer.subarray(0, Math.min(BLOCK_BYTES, job.sizeBytes - start))
    const count = await file.read(wanted, start)
    if (count !== wanted.length || crc32(wanted) !== crc) {
      return damaged(`block ${block} does not match its checksum`)
    }
    running.md5.update(wanted)
    running.nextBlock += 1
  }
  if (running.nextBlock * BLOCK_BYTES < job.sizeBytes) return { kind: 'more' }
  return running.md5.digest('hex') === job.etag ? { kind: 'good' } : damaged('the MD5 is another')
}

function damaged(reason: string): SliceOutcome {
  return { kind: 'damaged', reason }
}

function failureOf(error: unknown): SliceOutcome {
  const code = codeOf(error)
  if (code === undefined) throw error
  return code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable', code }
}
