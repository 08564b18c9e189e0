/** An archive that cannot be read, in words for whoever sent it. What else goes wrong while reading is no such error. */
export class ArchiveError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ArchiveError'
  }
}
