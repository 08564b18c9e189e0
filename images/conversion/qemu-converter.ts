/**
 * Converts disks from one format to another by `qemu-img`, with the precautions of OpenStack Glance's import plugin `image_conversion`:
 * the bytes have passed our own inspection before the program sees them, it is told their format and never guesses, what it says of
 * them is held against that, and it runs under limits. One conversion at a time in a process; others wait.
 */
import type { Clock, Disk, Random } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { BodyStream } from '#http/message.ts'
import type { ByteSource } from '../data/image-store.ts'
import { badRequest, overLimit, Refusal, unavailable } from '../refusal.ts'
import type { ProgramEnd, ProgramLimits, RunProgram } from './program.ts'
import { ScratchFile } from './scratch-file.ts'
import { NoRoom, ScratchSpace } from './scratch-space.ts'

/** The names that `qemu-img` has for our formats; what is not here is not converted. */
const QEMU_NAMES: Readonly<Record<string, string>> = {
  raw: 'raw',
  gpt: 'raw',
  qcow2: 'qcow2',
  vmdk: 'vmdk',
  vhd: 'vpc',
  vhdx: 'vhdx',
  vdi: 'vdi',
}

const MIB = 1024 * 1024
/** OpenStack Glance `QEMU_IMG_PROC_LIMITS`. */
const LOOK_LIMITS: ProgramLimits = {
  memoryBytes: 1024 * MIB,
  cpuSeconds: 30,
  fileBytes: MIB,
  wallMs: 120_000,
}
const CONVERT_MEMORY_BYTES = 2048 * MIB
/** Tables of the formats beside the disk itself: a sixteenth of it is far more than any needs. */
const TABLES_FRACTION = 16

export type TargetFormat = 'raw' | 'qcow2' | 'vmdk'

export interface ConverterOptions {
  readonly disk: Disk
  readonly random: Random
  readonly clock: Clock
  readonly log: Logger
  readonly run: RunProgram
  /** Where the files of a conversion lie meanwhile. */
  readonly directory: string
  /** Longest conversion, milliseconds. */
  readonly longestMs: number
  /** Largest disk that may come out, bytes. */
  readonly diskBytes: number
}

export interface Conversion {
  readonly source: ByteSource
  readonly from: string
  readonly to: TargetFormat
  /** How long the source is at least, as far as that is known. */
  readonly leastBytes: number
}

/** Whether a format can be converted. */
export function isConvertible(diskFormat: string | null): diskFormat is string {
  return diskFormat !== null && Object.hasOwn(QEMU_NAMES, diskFormat)
}

export class QemuConverter {
  readonly #options: ConverterOptions
  readonly #space: ScratchSpace
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: ConverterOptions) {
    this.#options = options
    this.#space = new ScratchSpace(options.disk, options.clock, options.directory)
  }

  /**
   * Converts, and gives the outcome to `use` while it is there. `inspected` is asked when all of the source was read, before anything
   * is done with it. Rejects with the source's error.
   */
  convert<Result>(
    conversion: Conversion,
    inspected: () => Refusal | undefined,
    use: (converted: BodyStream) => Promise<Result>,
  ): Promise<Result | Refusal> {
    const turn = this.#last.then(() => this.#convert(conversion, inspected, use))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #convert<Result>(
    { source, from, to, leastBytes }: Conversion,
    inspected: () => Refusal | undefined,
    use: (converted: BodyStream) => Promise<Result>,
  ): Promise<Result | Refusal> {
    const { disk, directory, random } = this.#options
    await using before = new ScratchFile(disk, directory, random)
    await using after = new ScratchFile(disk, directory, random)
    let dataBytes: number
    try {
      const full = await this.#space.refusal(leastBytes)
      if (full !== undefined) return full
      dataBytes = await before.fill(this.#space.guarded(source))
    } catch (error) {
      return error instanceof NoRoom ? error.refusal : this.#diskRefusal(error)
    }
    const wanted = { from: QEMU_NAMES[from] ?? from, to, dataBytes }
    const refusal = inspected() ?? (await this.#make(before, after, wanted))
    return refusal ?? (await use(after.read()))
  }

  async #make(
    before: ScratchFile,
    after: ScratchFile,
    { from, to, dataBytes }: { readonly from: string; readonly to: TargetFormat; readonly dataBytes: number },
  ): Promise<Refusal | undefined> {
    const { run, longestMs, diskBytes } = this.#options
    const look = ['info', '-f', from, '--output=json', before.path]
    const looked = await run({ program: 'qemu-img', args: look, limits: LOOK_LIMITS })
    const diskSize = this.#sizeOf(looked, from)
    if (diskSize instanceof Refusal) return diskSize
    if (diskSize > diskBytes) return overLimit(`The disk is larger than the limit of ${diskBytes} bytes.`)
    // What was packed takes more, and is seen to while it comes.
    const full = await this.#space.refusal(Math.min(dataBytes, diskSize))
    if (full !== undefined) return full
    const limits = {
      memoryBytes: CONVERT_MEMORY_BYTES,
      cpuSeconds: Math.ceil(longestMs / 1000),
      fileBytes: diskSize + Math.ceil(diskSize / TABLES_FRACTION) + 64 * MIB,
      wallMs: longestMs,
    }
    const args = ['convert', '-f', from, '-O', to, before.path, after.path]
    const converted = await this.#space.watched((signal) =>
      run({ program: 'qemu-img', args, limits, signal }),
    )
    if (converted instanceof Refusal) return converted
    return converted.kind === 'ended' && converted.code === 0 ? undefined : this.#refusalOf(converted)
  }

  /** Of the disk in the file, bytes, when it is what it was said to be and names no other file. */
  #sizeOf(looked: ProgramEnd, from: string): number | Refusal {
    if (looked.kind !== 'ended' || looked.code !== 0) return this.#refusalOf(looked)
    const told = parsed(looked.output)
    if (told === undefined || told.format !== from)
      return badRequest('Image metadata disagrees about format.')
    if (told.backing !== undefined || told.dataFile !== undefined) {
      return badRequest('Images that name other files are not allowed.')
    }
    return told.sizeBytes
  }

  #refusalOf(end: ProgramEnd): Refusal {
    const { log } = this.#options
    log.warn({ end }, 'an image could not be converted')
    if (end.kind === 'missing') return unavailable('Images cannot be converted here: qemu-img is missing.')
    if (end.kind === 'killed') return badRequest('Converting the image took too long, or too much.')
    const isFull = /No space left|File too large/.test(end.errors)
    if (isFull) return unavailable('There is no room to convert the image.')
    return badRequest('The image could not be converted.')
  }

  #diskRefusal(error: unknown): Refusal {
    const { code } = error as NodeJS.ErrnoException
    const isOfDisk = code !== undefined && /^E[A-Z]+$/.test(code)
    if (!isOfDisk) throw error
    this.#options.log.warn({ err: error }, 'the files of a conversion cannot be written')
    return unavailable('There is no room to convert the image.')
  }
}

interface Told {
  readonly format: string
  readonly sizeBytes: number
  readonly backing: unknown
  readonly dataFile: unknown
}

function parsed(json: string): Told | undefined {
  try {
    const told = JSON.parse(json) as Readonly<Record<string, unknown>>
    const specific = told['format-specific'] as { data?: { 'data-file'?: unknown } } | undefined
    const { format, 'virtual-size': sizeBytes, 'backing-filename': backing } = told
    if (typeof format !== 'string' || typeof sizeBytes !== 'number') return undefined
    return { format, sizeBytes, backing, dataFile: specific?.data?.['data-file'] }
  } catch {
    return undefined
  }
}
