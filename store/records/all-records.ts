/** All records of a kind, or those whose keys begin alike: for kinds that stay few enough to be held at once. */

import { inParallel } from '../large-objects/in-parallel.ts'
import type { OperationContext } from '../operation.ts'
import type { FoundRecord, RecordCollection, RecordFailure } from './contract.ts'

const LANES = 16

/** In order of keys. A record that goes while it is being read is left out. */
export async function allRecords<Value>(
  collection: RecordCollection<Value>,
  context: OperationContext,
  prefix?: string,
  freshness: 'remembered' | 'newest' = 'remembered',
): Promise<readonly FoundRecord<Value>[] | RecordFailure> {
  const keys = await allKeys(collection, context, prefix)
  if ('kind' in keys) return keys
  const found = new Map<string, FoundRecord<Value>>()
  let failure: RecordFailure | undefined
  await inParallel(keys, LANES, async (key) => {
    const read = failure ?? (await collection.read(context, key, freshness))
    if (read.kind === 'found') found.set(key, read)
    else if (read.kind !== 'absent') failure = read
  })
  return failure ?? keys.flatMap((key) => found.get(key) ?? [])
}

/** Every key, page by page. */
export async function allKeys<Value>(
  collection: RecordCollection<Value>,
  context: OperationContext,
  prefix?: string,
): Promise<readonly string[] | RecordFailure> {
  const keys: string[] = []
  let marker: string | undefined
  do {
    const page = await collection.list(context, { prefix, marker })
    if (page.kind !== 'listed') return page
    keys.push(...page.records.map(({ key }) => key))
    marker = page.next
  } while (marker !== undefined)
  return keys
}
