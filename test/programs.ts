/** Runs the client programs that the tests drive, and says what is missing. */
import { spawn, spawnSync } from 'node:child_process'
import type { Test } from 'tap'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  readonly input?: Buffer
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 120_000

/** Runs a program to its end. Its output is kept; rejects when it cannot be started. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.directory,
      env: { ...process.env, ...options.environment },
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    })
    child.stdin.on('error', () => {})
    child.stdin.end(options.input)
  })
}

/** Runs a program that must succeed; throws with what it printed when it does not. */
export async function runWell(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`)
  return stdout
}

/**
 * Are the programs installed? Where they are not, the test is skipped and says so, or fails in CI (`MARTLET_CI=1`),
 * where they must be.
 */
export function havePrograms(t: Test, ...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  if (missing.length === 0) return true
  const message = `not installed: ${missing.join(', ')}`
  if (process.env['MARTLET_CI'] === '1') t.fail(message)
  else t.pass(message, { skip: message })
  return false
}
