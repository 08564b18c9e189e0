/**
 * Recently rendered listings. A page is right as long as no row of its database changed, which the sequence number in the
 * database's info tells; since only this process writes the database, nothing else can change it. (A page may be read
 * with rows of a batch that is just being written: it is then newer than the sequence it is kept under, and goes with it.)
 * A page with rows that expire is right until the first of them does.
 */

import { pathOf } from '#base/names.ts'
import type { DatabaseInfo } from './info.ts'

/** Bytes of bodies at most. */
const BYTES_MAX = 16 * 1024 * 1024
/** What a kept page takes beside its body, bytes; keeps many tiny pages from adding up. */
const OVERHEAD_BYTES = 500

/** A page, and from which second since the epoch on it is not right any more. */
export interface RenderedPage {
  readonly body: Buffer
  readonly rightUntil: number
}

interface Page {
  readonly rightUntil: number
  readonly sequence: number
  readonly createdAt: string
  readonly body: Buffer
}

export class PageCache {
  readonly #pages = new Map<string, Page>()
  #bytes = 0

  /** The page for this question about the database as it is, rendered now unless it is known. */
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
    if (isCurrent && atSeconds < known.rightUntil) {
      this.#keep(key, known)
      return known.body
    }
    const page = await render()
    this.#keep(key, { sequence: info.sequence, createdAt: info.createdAt, ...page })
    return page.body
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
