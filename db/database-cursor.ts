/** Passing from database to database of an index without touching their rows: one seek for each. */
import type { KvStore } from '#base/environment.ts'
import type { Database, HashSpan } from './contract.ts'
import type { DatabaseState } from './info.ts'
import { databasesBetween, endOfDatabase, hashInKey } from './keys.ts'

export interface DatabaseLister {
  readonly store: KvStore
  readonly state: (hash: Buffer) => Promise<DatabaseState | undefined>
}

/** The databases of a span in the order of their hashes, `limit` at most. Those that are being removed are not there. */
export async function listDatabases(
  { store, state }: DatabaseLister,
  { first, end }: HashSpan,
  limit: number,
): Promise<readonly Database[]> {
  const range = databasesBetween(
    Buffer.from(first, 'hex'),
    end === undefined ? undefined : Buffer.from(end, 'hex'),
  )
  const found: Database[] = []
  // Nothing is read ahead: what follows a database's first key is not wanted.
  const options = { ...range, highWaterMarkBytes: 1 }
  const keys = store.keys(options)
  try {
    for (let key = await keys.next(); key !== undefined && found.length < limit; key = await keys.next()) {
      const hash = Buffer.from(hashInKey(key as Buffer))
      const known = await state(hash)
      if (known !== undefined) found.push({ hash: hash.toString('hex'), state: known })
      keys.seek(endOfDatabase(hash))
    }
    return found
  } finally {
    await keys.close()
  }
}
