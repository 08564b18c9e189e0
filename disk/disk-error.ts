/** Errors of the disk, shaped like Node's: a message that starts with the code, and the code as a field. */

/** Codes that Node does not know: `ECRASHED` (the simulated machine is dead), the others from `disk-gate.ts`. */
export type DiskErrorCode = string

export function diskError(code: DiskErrorCode, operation: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${operation} '${path}'`), { code, syscall: operation, path })
}

/** The code of anything thrown; `undefined` when it has none. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
