/** What clients of the store's features have in common: their account, small bodies, and how they look at what is there. */
import { hash as hashOf } from 'node:crypto'
import { bufferBody, readWhole } from '#http/message.ts'
import type { ObjectPut, Store } from '#store/contract.ts'
import type { ContainerName, ObjectName } from '#store/operation.ts'
import { contextOf } from './session.ts'

/** Its listings and counters are not those of the other objects. */
export const FEATURE_ACCOUNT = 'AUTH_features'
const LIMIT_BYTES = 100_000
/** What nobody knows the end of may go on for so long, milliseconds. */
export const LINGERS_MS = 120_000

export function inFeatures(container: string): ContainerName {
  return { account: FEATURE_ACCOUNT, container }
}

export function bodyPut(bytes: Buffer): ObjectPut {
  return {
    body: bufferBody(bytes),
    contentType: 'text/plain',
    metadata: {},
    expectedEtag: undefined,
    limitBytes: LIMIT_BYTES,
  }
}

/** MD5 of what is read, or why nothing is. */
export async function etagAt(store: Store, name: ObjectName, versionId?: string): Promise<string> {
  const read = await store.objects.read(contextOf('check'), name, {
    method: 'GET',
    conditions: {},
    newest: true,
    versionId,
  })
  return read.kind === 'found' ? hashOf('md5', await readWhole(read.body, LIMIT_BYTES)) : read.kind
}
