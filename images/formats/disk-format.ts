/** What a detector finds in the bytes of an image. Detectors are pure, look at bounded pieces of it, and believe nothing. */

/** The pieces of an image that detectors look at. */
export interface ImagePieces {
  /** The first bytes, at most `HEAD_BYTES`. */
  readonly head: Buffer
  /** The last bytes, at most `TAIL_BYTES`. */
  readonly tail: Buffer
  /** A piece further in that a header pointed at. */
  readonly further: Buffer | undefined
  /** Of the whole image. */
  readonly sizeBytes: number
}

export interface FoundFormat {
  readonly name: string
  /** Size of the disk in it; `undefined` where the header does not tell. */
  readonly virtualSizeBytes: number | undefined
  /** Why it must not be used, in words for its owner; empty when it may. */
  readonly dangers: readonly string[]
}

export type FormatDetector = (pieces: ImagePieces) => FoundFormat | undefined

/** Reaches beyond the region tables of VHDX, the furthest header at a fixed place (320 KiB). */
export const HEAD_BYTES = 384 * 1024
/** The footer of a fixed VHD. */
export const TAIL_BYTES = 512
/** Enough of the metadata region of VHDX for its table and the values in it. */
export const FURTHER_BYTES = 128 * 1024

export function found(
  name: string,
  virtualSizeBytes: number | undefined,
  dangers: readonly string[] = [],
): FoundFormat {
  return { name, virtualSizeBytes, dangers }
}

export function startsWith(bytes: Buffer, signature: string | Buffer, at = 0): boolean {
  const wanted = typeof signature === 'string' ? Buffer.from(signature, 'latin1') : signature
  return bytes.length >= at + wanted.length && bytes.subarray(at, at + wanted.length).equals(wanted)
}

/** A size from a header; none that a file could not have. */
export function sizeFrom(value: bigint): number | undefined {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined
}
