/** Which state of an object a storage server's answer shows, so that a later write can be made only on top of it. */
import { parseTimestamp, type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'

export interface SeenTimes {
  /** When it was put or deleted; zero when the answer does not tell. */
  readonly writtenAt: Timestamp
  /** The same, or when a later POST changed it. */
  readonly changedAt: Timestamp
}

/** The times in the headers of a read, found or not. */
export function seenIn(headers: HeaderMap): SeenTimes {
  const changedAt = timeIn(headers['x-backend-timestamp']) ?? ZERO_TIMESTAMP
  return { writtenAt: timeIn(headers['x-backend-data-timestamp']) ?? changedAt, changedAt }
}

function timeIn(written: string | undefined): Timestamp | undefined {
  return written === undefined ? undefined : parseTimestamp(written)
}
