/**
 * Programs of the operating system, as the registry runs them on bytes that nobody vouches for: without a shell, under limits that
 * the system itself enforces. `node/run-program.ts` is the real thing.
 */

export interface ProgramLimits {
  /** Address space, bytes. */
  readonly memoryBytes: number
  /** Processor time, seconds. */
  readonly cpuSeconds: number
  /** Longest file that it may write, bytes. */
  readonly fileBytes: number
  /** From start to end, milliseconds. */
  readonly wallMs: number
}

export type ProgramEnd =
  /** `code` is 0 when it did what it was told. Both texts are cut off where they become long. */
  | { readonly kind: 'ended'; readonly code: number; readonly output: string; readonly errors: string }
  /** It ran for too long, or asked for more than it may have, and was killed. */
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'missing' }

export interface ProgramRun {
  readonly program: string
  readonly args: readonly string[]
  readonly limits: ProgramLimits
  /** Kills it. */
  readonly signal?: AbortSignal | undefined
}

/** Never rejects. */
export type RunProgram = (run: ProgramRun) => Promise<ProgramEnd>
