/** Reads the bytes of an image from the first of its places that has them. */
import type { ByteRange } from '#http/ranges.ts'
import type { OperationContext } from '#store/contract.ts'
import type { ImageRecord } from '../model/image-record.ts'
import type { Registry } from '../registry.ts'
import type { BytesRead } from './image-store.ts'

/** `absent` when no store has them; `unavailable` when one could have them and cannot be asked. */
export async function openImage(
  { stores }: Registry,
  context: OperationContext,
  { locations }: Pick<ImageRecord, 'locations'>,
  range: ByteRange | undefined,
): Promise<BytesRead> {
  let failed: BytesRead = { kind: 'absent' }
  for (const { store: id, key } of locations) {
    const store = stores.find(id)
    if (store === undefined) continue
    const read = await store.read(context, key, range)
    if (read.kind === 'found') return read
    if (read.kind === 'unavailable') failed = read
  }
  return failed
}
