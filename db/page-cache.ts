/**
 * Recently rendered listings. A page is right as long as no row of its database changed, which the sequence number in the
 * database's info tells; since only this process writes the database, nothing else can change it. (A page may be read
 * with rows of a batch that is just being written: it is then newer than the sequence it is kept under, and goes with it.)
 * A page with rows that expire is right until the first of them does, and not before the second in which it was made: a clock
 * that was ahead, and is set right, made it without rows that are still there.
 *
 * A page is kept when it is asked for a second time. One that is asked for once, as by everybody who reads a container from
 * one end to the other, is forgotten at once: kept, it would push out those that are asked for again, and what lives for a
 * while costs the garbage collector much more than what dies young.
 */

import { pathOf } from '#base/names.ts'
import { ownPiece } from '#http/piece-memory.ts'
import type { DatabaseInfo } from './info.ts'

/** Bytes of bodies at most. */
const BYTES_MAX = 16 * 1024 * 1024
/** What a kept page takes beside its body, bytes; keeps many tiny pages from adding up. */
const OVERHEAD_BYTES = 500
/** Questions of which it is remembered that they were asked. */
const ASKED_MAX = 1000

/** A page, and from which second since the epoch on it is not right any more. */
export interface RenderedPage {
  readonly body: Buffer
  readonly rightUntil: number
}

interface Page {
  readonly rightFrom: number
  readonly rightUntil: number
  readonly sequence: number
  readonly createdAt: string
  readonly body: Buffer
}

export class PageCache {
  readonly #pages = new Map<string, Page>()
  /** Questions that have no page, with the sequence at which they were asked last; the oldest first. */
  readonly #asked = new Map<string, number>()
  #bytes = 0

  /**
   * The page for this question about the database as it is, rendered now unless it is known. Whoever sends it may give its
   * memory back (`http/piece-memory.ts`): a page that is kept stays.
   */
  async page(
    info: DatabaseInfo,
    question: readonly unknown[],
    render: () => Promise<Buffer>,
  ): Promise<Buffer> {
    return await this.pageAt(info, question, 0, async () => ({
      body: await render(),
      rightUntil: Number.POSITIVE_INFINITY,
    }))
  }

  /** The same of a page whose rows expire, at a time in seconds since the epoch. */
  async pageAt(
    info: DatabaseInfo,
    question: readonly unknown[],
    atSeconds: number,
    render: () => Promise<RenderedPage>,
  ): Promise<Buffer> {
    const key = JSON.stringify([pathOf(info.name), ...question])
    const known = this.#pages.get(key)
    const isCurrent = known?.sequence === info.sequence && known.createdAt === info.createdAt
    if (isCurrent && atSeconds >= known.rightFrom && atSeconds < known.rightUntil) {
      this.#keep(key, known)
      return known.body
    }
    const page = await render()
    if (this.#wasAsked(key, info.sequence)) {
      const { sequence, createdAt } = info
      this.#keep(key, { sequence, createdAt, rightFrom: atSeconds, ...page })
    } else ownPiece(page.body)
    return page.body
  }

  /** Whether it was asked before of the database as it is; from now on it was. */
  #wasAsked(key: string, sequence: number): boolean {
    const before = this.#asked.get(key)
    this.#asked.delete(key)
    if (before === sequence) return true
    this.#drop(key)
    this.#asked.set(key, sequence)
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= ASKED_MAX) break
      this.#asked.delete(oldest)
    }
    return false
  }

  #keep(key: string, page: Page): void {
    this.#drop(key)
    this.#pages.set(key, page)
    this.#bytes += sizeOf(key, page)
    for (const oldest of this.#pages.keys()) {
      if (this.#bytes <= BYTES_MAX) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    const page = this.#pages.get(key)
    if (page === undefined) return
    this.#pages.delete(key)
    this.#bytes -= sizeOf(key, page)
  }
}

function sizeOf(key: string, page: Page): number {
  return page.body.length + key.length + OVERHEAD_BYTES
}
