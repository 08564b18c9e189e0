/**
 * Joins the pieces of a long body that arrive together. A socket is read 64 KiB at a time, however much waits in it, and
 * each piece costs every reader behind it the same work whatever its size; copying is cheaper than that work. Nothing
 * waits longer than until the sockets that are ready have been read, and a piece that comes alone is not copied.
 */
import { ownPiece, releasePiece } from './piece-memory.ts'

/** So much is handed on at once, at the latest. Bytes. */
const GATHERED_BYTES = 256 * 1024

export class PieceGatherer {
  readonly #give: (piece: Buffer) => void
  #pieces: Buffer[] = []
  #bytes = 0
  #isScheduled = false

  /** `give` takes what was gathered, a piece whose memory may be released (`piece-memory.ts`). */
  constructor(give: (piece: Buffer) => void) {
    this.#give = give
  }

  add(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#bytes += piece.length
    if (this.#bytes >= GATHERED_BYTES) this.flush()
    else this.#schedule()
  }

  /** Hands on what there is: nothing more comes, or it is not to wait. */
  flush(): void {
    const pieces = this.#pieces
    const [first] = pieces
    if (first === undefined) return
    const bytes = this.#bytes
    this.#pieces = []
    this.#bytes = 0
    this.#give(pieces.length === 1 ? first : joined(pieces, bytes))
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#isScheduled = false
    this.flush()
  }
}

function joined(pieces: readonly Buffer[], bytes: number): Buffer {
  const whole = Buffer.concat(pieces, bytes)
  for (const piece of pieces) releasePiece(piece)
  ownPiece(whole)
  return whole
}
