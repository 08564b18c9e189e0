/**
 * The second half of a copy: what was opened is written under another name. The body flows from one to the other within
 * bounded memory, and the MD5 that the source has is what the copy must have, else nothing is stored.
 */
import type { ObjectPut, ObjectPutReceipt, Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import type { CopySource } from './copy-source.ts'

/** `put` is what the request says of the copy; its metadata are the copied ones. The source is closed. */
export async function writeCopy(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  {
    source,
    put,
  }: { readonly source: CopySource; readonly put: Omit<ObjectPut, 'body' | 'segments' | 'link'> },
): Promise<ObjectPutReceipt | StoreFailure> {
  const { body, etag, made, dynamicMark } = source
  const marks = dynamicMark === undefined ? {} : { 'x-object-manifest': dynamicMark }
  try {
    const written = await store.objects.put(context, name, {
      ...put,
      ...made,
      body,
      metadata: { ...put.metadata, ...marks },
      expectedEtag: etag ?? put.expectedEtag,
    })
    if (body.failure === undefined || written.kind === 'created') return written
    context.log.warn({ err: body.failure }, 'the source of a copy broke off')
    return { kind: 'unavailable', reason: 'the source broke off' }
  } finally {
    await source.close()
  }
}
