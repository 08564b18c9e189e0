/** What the door keeps of an upload besides what its object will have: who began it, and how its checksum is made. */
import type { ChecksumAlgorithm } from '#base/checksums/checksum.ts'

export interface UploadFacts {
  /** Canonical ids. */
  readonly owner: string
  readonly initiator: string
  readonly storageClass: string
  readonly checksum: UploadChecksum
  /** The client said which. */
  readonly isChecksumAsked: boolean
}

/** Of the object: over the checksums of its parts (`COMPOSITE`), or over its bytes. */
export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: 'COMPOSITE' | 'FULL_OBJECT'
}

/** The form in which the store keeps them (`UploadToBegin.summary`). */
export function writeFacts(facts: UploadFacts): string {
  return JSON.stringify(facts)
}

const UNKNOWN: UploadFacts = {
  owner: '',
  initiator: '',
  storageClass: 'STANDARD',
  checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' },
  isChecksumAsked: false,
}

/** Facts that were written; of an upload that says nothing, nothing in particular. */
export function readFacts(summary: string | undefined): UploadFacts {
  if (summary === undefined) return UNKNOWN
  try {
    return { ...UNKNOWN, ...(JSON.parse(summary) as Partial<UploadFacts>) }
  } catch {
    return UNKNOWN
  }
}
