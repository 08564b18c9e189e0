/** What the in-memory store remembers. */
import type { Timestamp } from '#base/timestamp.ts'

export interface MemoryObject {
  body: Buffer
  etag: string
  contentType: string
  metadata: Record<string, string>
  readonly putAt: Timestamp
  /** Of the last PUT or POST. */
  timestamp: Timestamp
  /** The same, or when a fact was changed. */
  changedAt: Timestamp
}

export interface MemoryContainer {
  readonly policyIndex: number
  readonly createdAt: Timestamp
  changedAt: Timestamp
  metadata: Record<string, string>
  readonly objects: Map<string, MemoryObject>
}

export interface MemoryAccount {
  readonly createdAt: Timestamp
  deleted: boolean
  metadata: Record<string, string>
  readonly containers: Map<string, MemoryContainer>
  /** Indexes of the policies that its containers ever had. */
  readonly policiesSeen: Set<number>
}

/** Applies a change: an empty value removes the item. */
export function changeMetadata(
  metadata: Record<string, string>,
  changes: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') delete metadata[name]
    else metadata[name] = value
  }
}

export function bytesIn(container: MemoryContainer): number {
  let bytes = 0
  for (const object of container.objects.values()) bytes += object.body.length
  return bytes
}
