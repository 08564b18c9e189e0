/** Reading rows of one table and group in the order of their names. */
import type { AbstractIterator } from 'abstract-level'
import type { KvStore } from '#base/environment.ts'
import type { RowRange } from './contract.ts'
import { nameOfRowKey, type RowTable, rowPrefix } from './keys.ts'
import type { CursorItem, Direction, NameBounds, NameCursor } from './listing.ts'
import { rangeBounds } from './listing.ts'

/** A cursor over a snapshot of the store as it was when the cursor was made. Must be disposed of. */
export class RowCursor implements NameCursor<Buffer>, AsyncDisposable {
  readonly #prefix: Buffer
  readonly #iterator: AbstractIterator<KvStore, Buffer, Buffer>

  constructor(store: KvStore, prefix: Buffer, bounds: NameBounds, direction: Direction) {
    this.#prefix = prefix
    const lower = Buffer.concat([prefix, bounds.lower])
    const upper =
      bounds.upper === undefined
        ? Buffer.concat([prefix, BEYOND_ALL_NAMES])
        : Buffer.concat([prefix, bounds.upper])
    this.#iterator = store.iterator({
      ...(bounds.lowerIncluded === 'included' ? { gte: lower } : { gt: lower }),
      lt: upper,
      reverse: direction === 'reverse',
    })
  }

  async next(count: number): Promise<readonly CursorItem<Buffer>[]> {
    const entries: CursorItem<Buffer>[] = []
    while (entries.length < count) {
      const some = await this.#iterator.nextv(count - entries.length)
      if (some.length === 0) break
      for (const [key, value] of some) entries.push({ name: nameOfRowKey(key), value })
    }
    return entries
  }

  seek(name: Buffer): void {
    this.#iterator.seek(Buffer.concat([this.#prefix, name]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#iterator.close()
  }
}

/** No UTF-8 has the byte 255. */
const BEYOND_ALL_NAMES = Buffer.from([255])

/** Live and deleted rows of a range together, in the order of their names. */
export async function readLiveAndDeleted(
  store: KvStore,
  hash: Buffer,
  group: number,
  range: RowRange,
): Promise<readonly CursorItem<Buffer>[]> {
  const read = async (table: RowTable): Promise<readonly CursorItem<Buffer>[]> => {
    await using cursor = new RowCursor(store, rowPrefix(hash, table, group), rangeBounds(range), 'forward')
    return await cursor.next(range.limit)
  }
  const [live, deleted] = await Promise.all([read('live'), read('deleted')])
  return mergedByName(live, deleted).slice(0, range.limit)
}

function mergedByName(
  left: readonly CursorItem<Buffer>[],
  right: readonly CursorItem<Buffer>[],
): readonly CursorItem<Buffer>[] {
  return [...left, ...right]
    .map((item) => ({ item, bytes: Buffer.from(item.name) }))
    .toSorted((one, other) => Buffer.compare(one.bytes, other.bytes))
    .map(({ item }) => item)
}
