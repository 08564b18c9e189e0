/** Why the body of a large object breaks off. */

export type SegmentErrorCode =
  /** A segment is gone, not for who asked, or not what the manifest says (OpenStack Swift answers 409). */
  | 'CHANGED'
  /** It cannot be read now. */
  | 'UNAVAILABLE'

export class SegmentError extends Error {
  readonly code: SegmentErrorCode

  constructor(code: SegmentErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SegmentError'
    this.code = code
  }
}
