/** The manifest of a static large object as it is stored, read through the whole store. */
import { isTrueValue } from '#backend/address.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectReadOptions, Store } from '../contract.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { parseManifest, type Segment, STATIC_MARK } from './manifest.ts'
import { release, wholeBody } from './segment-reader.ts'

export interface StoredManifest {
  readonly headers: HeaderMap
  readonly segments: readonly Segment[]
}

/** `undefined` of what is not there or no manifest; of a plain object hardly anything is read. */
export async function readStoredManifest(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  version: Pick<ObjectReadOptions, 'versionId' | 'nullVersion'>,
): Promise<StoredManifest | undefined> {
  const read = await store.objects.read(context, name, {
    method: 'GET',
    conditions: { range: 'bytes=0-0' },
    newest: true,
    manifest: 'as_stored',
    wholeWith: STATIC_MARK,
    ...version,
  })
  if (read.kind !== 'found') return undefined
  if (!isTrueValue(read.headers[STATIC_MARK])) {
    await release(read.body)
    return undefined
  }
  const segments = parseManifest(await wholeBody(read.body))
  return segments && { headers: read.headers, segments }
}
