/**
 * A block of bytes that several images share: named by what is in it, with the keys of those images. Its bytes lie under a
 * name that no other bytes ever have, so that removing them late harms nobody who stored the same bytes meanwhile.
 */
import { hash } from 'node:crypto'
import type { RecordKind } from '#store/records/contract.ts'

export interface BlockRecord {
  /**
   * `making`: whoever holds it is storing its bytes, or died. `present`: they are durable. `leaving`: nobody holds it, and
   * nobody will: its bytes go, then the record.
   */
  readonly state: 'making' | 'present' | 'leaving'
  /** Last part of the name of its bytes. */
  readonly copy: string
  /** Keys of bytes of images, each as its record names it. */
  readonly holders: readonly string[]
}

export const BLOCK_RECORDS: RecordKind<BlockRecord> = {
  name: 'image-blocks',
  version: 1,
  parse: (written) => {
    const { state, copy, holders } = (written ?? {}) as Partial<BlockRecord>
    const isRecord = typeof state === 'string' && typeof copy === 'string' && Array.isArray(holders)
    return isRecord ? (written as BlockRecord) : undefined
  },
}

/** What a block is called: SHA-256 of the bytes, and how many. */
export function blockId(bytes: Buffer): string {
  return `${hash('sha256', bytes)}-${bytes.length}`
}

/** Where the bytes of a block are, among the bytes of all blocks. */
export function blockPath(id: string, copy: string): string {
  return `${id}/${copy}`
}

/** What `blockPath` was made of. */
export function idInPath(path: string): string {
  return path.slice(0, path.indexOf('/'))
}
