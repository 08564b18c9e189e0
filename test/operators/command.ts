/** Runs a command of an operator to its end. */
import { execFile } from 'node:child_process'
import { MARTLET } from '#test/running-cluster.ts'

export interface Outcome {
  readonly code: number
  readonly output: string
  readonly errors: string
}

const LIMIT_MS = 120_000
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024

/** `martlet ARGUMENTS…` */
export function martlet(...args: readonly string[]): Promise<Outcome> {
  return command(process.execPath, [MARTLET, ...args])
}

/** Any command; `ENOENT` as code -1 when there is no such program. */
export function command(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: LIMIT_MS, maxBuffer: OUTPUT_BYTES_MAX }
    execFile(program, args, options, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, output, errors })
    })
  })
}
