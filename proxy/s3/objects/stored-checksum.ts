/** The checksum that is stored with an object, and how it is shown. */
import type { HeaderMap } from '#http/message.ts'
import type { SentChecksum } from '../operation.ts'
import { CHECKSUM_SYSMETA } from './object-facts.ts'

export interface StoredChecksum extends SentChecksum {
  /** `COMPOSITE`: of the checksums of its parts. */
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** As it is kept: `CRC32C:base64:FULL_OBJECT`. */
export function checksumToStore({ algorithm, value, type }: StoredChecksum): Record<string, string> {
  return { [CHECKSUM_SYSMETA]: `${algorithm}:${value}:${type}` }
}

/** The checksum among an object's stored headers; `undefined` when it has none. */
export function checksumIn(stored: HeaderMap): StoredChecksum | undefined {
  const [algorithm, value, type] = stored[CHECKSUM_SYSMETA]?.split(':') ?? []
  if (algorithm === undefined || value === undefined) return undefined
  return {
    algorithm: algorithm as StoredChecksum['algorithm'],
    value,
    type: type === 'COMPOSITE' ? 'COMPOSITE' : 'FULL_OBJECT',
  }
}

/** The headers that tell it. */
export function checksumHeaders(checksum: StoredChecksum | undefined): Readonly<Record<string, string>> {
  if (checksum === undefined) return {}
  const { algorithm, value, type } = checksum
  return { [`x-amz-checksum-${algorithm.toLowerCase()}`]: value, 'x-amz-checksum-type': type }
}
