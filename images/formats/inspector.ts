/**
 * Finds out what an image really is, from its bytes as they stream past. Only the pieces that detectors need are kept:
 * bounded memory, whatever the image's size. Nothing that the client declares is believed.
 */
import {
  type FormatDetector,
  type FoundFormat,
  FURTHER_BYTES,
  found,
  HEAD_BYTES,
  type ImagePieces,
  TAIL_BYTES,
} from './disk-format.ts'
import { gpt, iso, luks, ova, ploop } from './partitioned.ts'
import { qcow2, qed } from './qcow2.ts'
import { vdi, vhd, vhdx, vhdxMetadataAt } from './vhd.ts'
import { vmdk } from './vmdk.ts'

const DETECTORS: readonly FormatDetector[] = [qcow2, qed, vhd, vhdx, vmdk, vdi, iso, gpt, luks, ploop, ova]

export interface Inspection {
  /** What the bytes look like; raw when they look like nothing. */
  readonly format: FoundFormat
  /** More than one detector matched, and not in a way that is usual. */
  readonly isAmbiguous: boolean
}

export class FormatInspector {
  readonly #head = new Kept(HEAD_BYTES)
  #further: Kept | undefined
  #furtherAt: number | undefined
  #tail = Buffer.alloc(0)
  #sizeBytes = 0

  /** The next bytes of the image; they are copied where they are kept. */
  update(chunk: Buffer): void {
    const at = this.#sizeBytes
    this.#head.take(chunk, at, 0)
    this.#sizeBytes += chunk.length
    if (at < HEAD_BYTES && this.#sizeBytes >= HEAD_BYTES) this.#lookFurther()
    if (this.#further !== undefined && this.#furtherAt !== undefined) {
      this.#further.take(chunk, at, this.#furtherAt)
    }
    this.#keepTail(chunk)
  }

  /** What is known after the bytes so far; the verdict, after the last. */
  inspect(): Inspection {
    const pieces = this.#pieces()
    const matches = DETECTORS.map((detect) => detect(pieces)).filter((match) => match !== undefined)
    return verdict(matches, pieces)
  }

  /** The first bytes, for what else is in them. */
  get head(): Buffer {
    return this.#head.bytes
  }

  #pieces(): ImagePieces {
    return {
      head: this.#head.bytes,
      tail: this.#tail,
      further: this.#further?.bytes,
      sizeBytes: this.#sizeBytes,
    }
  }

  #lookFurther(): void {
    const at = vhdxMetadataAt(this.#head.bytes)
    if (at === undefined || at < HEAD_BYTES) return
    this.#furtherAt = at
    this.#further = new Kept(FURTHER_BYTES)
  }

  #keepTail(chunk: Buffer): void {
    const joined = chunk.length >= TAIL_BYTES ? chunk : Buffer.concat([this.#tail, chunk])
    this.#tail = Buffer.from(joined.subarray(-TAIL_BYTES))
  }
}

/** Bytes of the stream from some place on, up to a length. */
class Kept {
  readonly #lengthBytes: number
  #kept: Buffer | undefined
  #filled = 0

  constructor(lengthBytes: number) {
    this.#lengthBytes = lengthBytes
  }

  get bytes(): Buffer {
    return this.#kept === undefined ? Buffer.alloc(0) : this.#kept.subarray(0, this.#filled)
  }

  /** `chunk` is at `at` in the stream; what is kept begins at `from`. */
  take(chunk: Buffer, at: number, from: number): void {
    const wantedAt = from + this.#filled
    const end = at + chunk.length
    if (this.#filled === this.#lengthBytes || end <= wantedAt || at > wantedAt) return
    this.#kept ??= Buffer.alloc(this.#lengthBytes)
    this.#filled += chunk.copy(this.#kept, this.#filled, wantedAt - at)
  }
}

function verdict(matches: readonly FoundFormat[], { sizeBytes }: ImagePieces): Inspection {
  const [first] = matches
  if (first === undefined) return { format: found('raw', sizeBytes), isAmbiguous: false }
  if (matches.length === 1) return { format: first, isAmbiguous: false }
  // Hybrid ISOs boot from disks, too.
  const image = matches.find(({ name }) => name === 'iso')
  const isHybrid = matches.length === 2 && image !== undefined && matches.some(({ name }) => name === 'gpt')
  if (isHybrid) return { format: image, isAmbiguous: false }
  const names = matches.map(({ name }) => name).join(' and ')
  const dangers = matches.flatMap((match) => match.dangers)
  return {
    format: found(first.name, undefined, [...dangers, `it looks like ${names} at once`]),
    isAmbiguous: true,
  }
}
