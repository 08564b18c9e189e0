/**
 * A body in `aws-chunked` encoding, each chunk held against its signature where it has one. What is handed out of a chunk
 * whose signature turns out wrong is never stored: the body breaks off there, and an upload that breaks off is none.
 * The errors are those that Amazon S3 gives for the same bodies.
 */
import { createHash, hash } from 'node:crypto'
import type { ChunkSignatures } from '#auth/s3/chunk-signatures.ts'
import type { ChecksumAlgorithm } from '#base/checksums/checksum.ts'
import { isChecksumText } from '#base/checksums/checksum.ts'
import { type S3Error, s3Error } from '../error.ts'
import { checksumHeader } from './announced-checksum.ts'
import type { BodyFraming } from './body-framing.ts'
import { ChunkFrames, type Frame } from './chunk-frames.ts'

export interface ChunkedFramingOptions {
  /** `x-amz-decoded-content-length`. */
  readonly payloadBytes: number
  /** With what the chunks are signed; `undefined` when they are not. */
  readonly signatures: ChunkSignatures | undefined
  /** Of the checksum that the trailer holds; `undefined` when there is to be no trailer. */
  readonly trailer: ChecksumAlgorithm | undefined
  /** The trailer is signed, too, and may not be left out. */
  readonly trailerSigned: 'signed' | 'unsigned'
}

/** All chunks but the last have at least this many bytes ("the chunk size must be at least 8 KB"). */
const CHUNK_BYTES_MIN = 8192
const EMPTY_SHA256 = hash('sha256', '', 'hex')
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'
const CUT_OFF = 'The request body terminated unexpectedly'

export class ChunkedFraming implements BodyFraming {
  readonly #options: ChunkedFramingOptions
  readonly #frames = new ChunkFrames()
  readonly #trailer = new Map<string, string>()
  #announcedBytes = 0
  #chunks = 0
  /** Of the chunk before. */
  #chunkBytes = CHUNK_BYTES_MIN
  #signature = ''
  #sha256: ReturnType<typeof createHash> | undefined
  #trailingChecksum: string | undefined

  constructor(options: ChunkedFramingOptions) {
    this.#options = options
  }

  get trailingChecksum(): string | undefined {
    return this.#trailingChecksum
  }

  *take(piece: Buffer): Generator<Buffer, S3Error | undefined> {
    for (const frame of this.#frames.feed(piece)) {
      if (frame.kind === 'data') {
        this.#sha256?.update(frame.bytes)
        yield frame.bytes
      } else {
        const problem = this.#read(frame)
        if (problem !== undefined) return problem
      }
    }
    return undefined
  }

  end(): S3Error | undefined {
    if (!this.#frames.isWhole) return s3Error('IncompleteBody', { message: CUT_OFF })
    if (this.#announcedBytes !== this.#options.payloadBytes) return this.#wrongLength()
    return this.#endOfTrailer()
  }

  #read(frame: Exclude<Frame, { readonly kind: 'data' }>): S3Error | undefined {
    switch (frame.kind) {
      case 'chunk':
        return this.#chunk(frame.sizeBytes, frame.signature)
      case 'chunk_end':
        return this.#checkChunk(this.#sha256?.digest('hex') ?? '')
      case 'trailer':
        return this.#trailerLine(frame.line)
      case 'malformed':
        return s3Error('IncompleteBody', { message: CUT_OFF })
      case 'end':
        return undefined
    }
  }

  #chunk(sizeBytes: number, signature: string | undefined): S3Error | undefined {
    const { signatures, payloadBytes } = this.#options
    if (signatures !== undefined && signature === undefined) {
      return s3Error('IncompleteBody', { message: CUT_OFF })
    }
    this.#signature = signature ?? ''
    this.#chunks += 1
    if (sizeBytes === 0) return this.#checkChunk(EMPTY_SHA256)
    if (this.#chunkBytes < CHUNK_BYTES_MIN) return this.#tooSmall()
    this.#chunkBytes = sizeBytes
    this.#announcedBytes += sizeBytes
    if (this.#announcedBytes > payloadBytes) return this.#wrongLength()
    if (signatures !== undefined) this.#sha256 = createHash('sha256')
    return undefined
  }

  #checkChunk(sha256: string): S3Error | undefined {
    const { signatures } = this.#options
    if (signatures === undefined || signatures.takeChunk(sha256, this.#signature)) return undefined
    return s3Error('SignatureDoesNotMatch')
  }

  #tooSmall(): S3Error {
    return s3Error('InvalidChunkSizeError', {
      extra: { Chunk: String(this.#chunks), BadChunkSize: String(this.#chunkBytes) },
    })
  }

  #wrongLength(): S3Error {
    return s3Error('IncompleteBody', {
      extra: {
        NumberBytesExpected: String(this.#options.payloadBytes),
        NumberBytesProvided: String(this.#announcedBytes),
      },
    })
  }

  #trailerLine(line: string): S3Error | undefined {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase()
    if (name === '' || this.#trailer.has(name)) return s3Error('MalformedTrailerError')
    this.#trailer.set(name, line.slice(colon + 1).trim())
    return undefined
  }

  /** The trailer holds the checksum that was announced, its signature where there is one, and nothing else. */
  #endOfTrailer(): S3Error | undefined {
    const { trailer: algorithm, trailerSigned } = this.#options
    if (this.#trailer.size === 0 && algorithm === undefined) {
      return trailerSigned === 'signed' ? s3Error('IncompleteBody', { message: CUT_OFF }) : undefined
    }
    const signature = this.#trailer.get(TRAILER_SIGNATURE)
    if (trailerSigned === 'signed') this.#trailer.delete(TRAILER_SIGNATURE)
    const name = algorithm === undefined ? '' : checksumHeader(algorithm)
    const value = this.#trailer.get(name)
    if (algorithm === undefined || value === undefined || this.#trailer.size !== 1) {
      return s3Error('MalformedTrailerError')
    }
    if (trailerSigned === 'signed') {
      if (signature === undefined) return s3Error('MalformedTrailerError')
      const isSigned = this.#options.signatures?.takeTrailer(`${name}:${value}\n`, signature)
      if (isSigned !== true) return s3Error('SignatureDoesNotMatch')
    }
    if (!isChecksumText(algorithm, value)) {
      return s3Error('InvalidRequest', { message: `Value for ${name} trailing header is invalid.` })
    }
    this.#trailingChecksum = value
    return undefined
  }
}
