/** How a client sends an upload in parts, up to where it is completed. */
import { bufferBody } from '#http/message.ts'
import type { ObjectName, OperationContext } from '#store/operation.ts'
import type { RunningProxy } from './proxy-node.ts'

export interface SentParts {
  readonly uploadId: string
  readonly parts: readonly { readonly number: number; readonly etag: string }[]
}

/** `undefined` when it did not come so far. */
export async function sendParts(
  { uploads }: RunningProxy,
  context: OperationContext,
  name: ObjectName,
  bodies: readonly Buffer[],
): Promise<SentParts | undefined> {
  const begun = await uploads.begin(context, name, { contentType: 'text/plain', metadata: {} })
  if (begun.kind !== 'begun') return undefined
  const { uploadId } = begun
  const parts: { number: number; etag: string }[] = []
  for (const [at, body] of bodies.entries()) {
    const number = at + 1
    const part = { number, body: bufferBody(body), expectedEtag: undefined, limitBytes: body.length }
    const stored = await uploads.putPart(context, { name, uploadId }, part)
    if (stored.kind !== 'stored') return undefined
    parts.push({ number, etag: stored.etag })
  }
  return { uploadId, parts }
}
