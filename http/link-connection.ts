/**
 * One end of a link: cuts what comes into frames, and sends what its exchanges give it. What is given in one turn of the
 * event loop goes out in one write, so that many small messages cost one system call.
 */

import type { Socket } from 'node:net'
import { nextTick } from 'node:process'
import { FrameReader, type FrameSink, FrameType, frameHeader } from './link-frames.ts'
import { ownPiece, releasePiece } from './piece-memory.ts'

/** Frames of a turn that are together no larger are joined; larger ones go out side by side. Bytes. */
const JOINED_BYTES = 16 * 1024
/** So much may wait to be sent; whoever sends a long body waits when it is more. Bytes. */
const CONGESTED_BYTES = 1024 * 1024

export class LinkConnection {
  readonly #socket: Socket
  #waiting: Buffer[] = []
  #waitingBytes = 0
  /** Pieces of bodies among what waits, whose memory may go once they are sent. */
  #pieces: Buffer[] = []
  #isScheduled = false
  #drained: (() => void)[] = []
  #isOver = false
  /** Credit beyond the first that the bodies which come over this link have together. */
  extraBytes = 0

  /** `closed` is called once, whatever the reason. `first` was read together with the upgrade. */
  constructor(socket: Socket, first: Buffer, sink: FrameSink, closed: (error: Error | undefined) => void) {
    this.#socket = socket
    const reader = new FrameReader(sink)
    let failure: Error | undefined
    const read = (chunk: Buffer): void => {
      ownPiece(chunk)
      try {
        reader.push(chunk)
      } catch (error) {
        failure = error as Error
        socket.destroy()
      }
    }
    socket.setNoDelay(true)
    socket.setTimeout(0)
    socket.on('data', read)
    socket.on('error', (error) => (failure ??= error))
    socket.on('end', () => socket.destroy())
    socket.on('drain', () => this.#onDrain())
    socket.on('close', () => {
      this.#isOver = true
      this.#onDrain()
      closed(failure)
    })
    // What is thrown while the first frames are read must find a link that is complete.
    if (first.length > 0) nextTick(read, first)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  send(frame: Buffer): void {
    if (this.#isOver) return
    this.#waiting.push(frame)
    this.#waitingBytes += frame.length
    if (this.#isScheduled) return
    this.#isScheduled = true
    nextTick(this.#flush)
  }

  /** Sends a piece of a body and gives its memory back. Wait for `room` before the next one. */
  sendPiece(stream: number, piece: Buffer): void {
    if (this.#isOver) return
    this.send(frameHeader(FrameType.data, stream, piece.length))
    this.send(piece)
    this.#pieces.push(piece)
  }

  /** Resolves when the connection takes more, or is closed. `undefined`: at once. */
  room(): Promise<void> | undefined {
    if (this.#isOver || this.#socket.writableLength + this.#waitingBytes < CONGESTED_BYTES) return undefined
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Sends what waits and closes. */
  end(): void {
    this.#flush()
    this.#socket.end()
  }

  readonly #flush = (): void => {
    const frames = this.#waiting
    const bytes = this.#waitingBytes
    const pieces = this.#pieces
    this.#isScheduled = false
    this.#waiting = []
    this.#waitingBytes = 0
    if (frames.length === 0 || this.#isOver || this.#socket.destroyed) return
    if (pieces.length > 0) this.#pieces = []
    const sent = pieces.length === 0 ? undefined : releaseWhenSent(pieces)
    if (bytes <= JOINED_BYTES)
      this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames, bytes), sent)
    else this.#writeSideBySide(frames, sent)
    if (this.#drained.length > 0 && !this.#socket.writableNeedDrain) this.#onDrain()
  }

  #writeSideBySide(frames: readonly Buffer[], sent: ((error?: Error | null) => void) | undefined): void {
    this.#socket.cork()
    const last = frames.length - 1
    for (let at = 0; at < last; at += 1) this.#socket.write(frames[at] as Buffer)
    this.#socket.write(frames[last] as Buffer, sent)
    this.#socket.uncork()
  }

  #onDrain(): void {
    const waiting = this.#drained
    this.#drained = []
    for (const resolve of waiting) resolve()
  }
}

function releaseWhenSent(pieces: readonly Buffer[]): (error?: Error | null) => void {
  return (error) => {
    if (error !== null && error !== undefined) return
    for (const piece of pieces) releasePiece(piece)
  }
}
