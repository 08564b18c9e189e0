/** Reads a record, makes another of it, and writes that if nobody came between; else begins again. */
import type { OperationContext } from '../operation.ts'
import type { FoundRecord, RecordCollection, RecordFailure } from './contract.ts'

/** Others who changed the record while we tried; each of them got on. */
const TRIES = 20

export type RecordChange<Value, Refusal> =
  | { readonly kind: 'value'; readonly value: Value }
  /** Nothing is to be written after all. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/**
 * `change` may be called several times, each time with what is there now (`undefined`: nothing), and must not do anything
 * else than tell what is to be written.
 */
export async function changeRecord<Value, Refusal = never>(
  collection: RecordCollection<Value>,
  context: OperationContext,
  key: string,
  change: (there: Value | undefined) => RecordChange<Value, Refusal>,
): Promise<FoundRecord<Value> | { readonly kind: 'refused'; readonly refusal: Refusal } | RecordFailure> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const read = await collection.read(context, key, 'newest')
    if (read.kind !== 'found' && read.kind !== 'absent') return read
    const wanted = change(read.kind === 'found' ? read.value : undefined)
    if (wanted.kind === 'refused') return wanted
    const written =
      read.kind === 'found'
        ? await collection.replace(context, read, wanted.value)
        : await collection.create(context, key, wanted.value)
    if (written.kind !== 'changed' && written.kind !== 'exists') return written
  }
  return { kind: 'unavailable', reason: `the record was changed by others ${TRIES} times meanwhile` }
}
