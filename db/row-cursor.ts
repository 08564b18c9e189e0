/** Reading rows of one table and group in the order of their names. */
import type { AbstractIterator } from 'abstract-level'
import type { KvStore } from '#base/environment.ts'
import { closeEmptied } from '#kv/close-iterator.ts'
import type { RowRange } from './contract.ts'
import { type RowTable, rowPrefix } from './keys.ts'
import type { CursorItem, Direction, NameBounds, NameCursor } from './listing.ts'
import { rangeBounds } from './listing.ts'
import type { RowForm } from './row-kind.ts'
import { nameOfStored } from './stored-row.ts'

/** Bytes of rows that LevelDB reads ahead; a page of 1,000 rows has about 150 KB. */
const READ_AHEAD_BYTES = 256 * 1024

/** A cursor over a snapshot of the store as it was when the cursor was made. Must be disposed of. */
export class RowCursor<Row> implements NameCursor<string>, AsyncDisposable {
  readonly #kind: RowForm<Row>
  readonly #prefix: Buffer
  readonly #entries: AbstractIterator<KvStore, Buffer, string>

  constructor(store: KvStore, kind: RowForm<Row>, prefix: Buffer, bounds: NameBounds, direction: Direction) {
    this.#kind = kind
    this.#prefix = prefix
    const lower = Buffer.concat([prefix, bounds.lower])
    const upper = Buffer.concat([prefix, bounds.upper ?? BEYOND_ALL_NAMES])
    const options = {
      ...(bounds.lowerIncluded === 'included' ? { gte: lower } : { gt: lower }),
      lt: upper,
      reverse: direction === 'reverse',
      valueEncoding: 'utf8',
      keys: false,
      keyEncoding: UNREAD_KEYS,
      highWaterMarkBytes: READ_AHEAD_BYTES,
    }
    this.#entries = store.iterator<Buffer, string>(options)
  }

  /** The values of the items are rows as they are stored (`stored-row.ts`). */
  async next(count: number): Promise<readonly CursorItem<string>[]> {
    const items: CursorItem<string>[] = []
    while (items.length < count) {
      const some = await this.#entries.nextv(count - items.length)
      if (some.length === 0) break
      for (const [, value] of some) items.push({ name: nameOfStored(this.#kind, value), value })
    }
    return items
  }

  seek(name: Buffer): void {
    this.#entries.seek(Buffer.concat([this.#prefix, name]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeEmptied(this.#entries)
  }
}

/**
 * Bounds are bytes, and keys are not asked for. LevelDB's binding makes one for each row all the same, of the format of
 * the encoding: an empty string costs less than an empty buffer (1,000 rows are read in 1.0 ms instead of 1.7). `values()`
 * would encode the bounds a second time, as text.
 */
const UNREAD_KEYS = {
  name: 'unread',
  format: 'utf8',
  encode: (bound: Buffer): Buffer => bound,
  decode: (): Buffer => NO_KEY,
} as const
const NO_KEY = Buffer.alloc(0)

/** No UTF-8 has the byte 255. */
const BEYOND_ALL_NAMES = Buffer.from([255])

/** Live and deleted rows of a range together, in the order of their names. */
export async function readLiveAndDeleted<Row>(
  store: KvStore,
  kind: RowForm<Row>,
  hash: Buffer,
  group: number,
  range: RowRange,
): Promise<readonly CursorItem<string>[]> {
  const read = async (table: RowTable): Promise<readonly CursorItem<string>[]> => {
    await using cursor = new RowCursor(
      store,
      kind,
      rowPrefix(hash, table, group),
      rangeBounds(range),
      'forward',
    )
    return await cursor.next(range.limit)
  }
  const [live, deleted] = await Promise.all([read('live'), read('deleted')])
  return mergedByName(live, deleted).slice(0, range.limit)
}

function mergedByName(
  left: readonly CursorItem<string>[],
  right: readonly CursorItem<string>[],
): readonly CursorItem<string>[] {
  return [...left, ...right]
    .map((item) => ({ item, bytes: Buffer.from(item.name) }))
    .toSorted((one, other) => Buffer.compare(one.bytes, other.bytes))
    .map(({ item }) => item)
}
