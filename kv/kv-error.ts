/** Errors of stores, with the codes that LevelDB's have. */
export function kvError(code: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code })
}
