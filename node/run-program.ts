/**
 * Runs programs of the operating system for the image registry, each in a process of its own under `prlimit` of util-linux: what it
 * may use of memory, time and disk is enforced by the kernel. It gets no environment, no input and no terminal.
 */
import { spawn } from 'node:child_process'
import type { Clock } from '#base/environment.ts'
import type { ProgramEnd, ProgramLimits, RunProgram } from '#images/conversion/program.ts'

/** Longest text that is kept of what a program says, bytes. */
const TEXT_BYTES = 64 * 1024
/** What `prlimit` ends with when there is no such program (POSIX `env`). */
const NOT_FOUND = 127

export function programsUnderLimits(clock: Clock): RunProgram {
  return ({ program, args, limits, signal }) =>
    new Promise((resolve) => {
      const child = spawn('prlimit', [...limitArguments(limits), '--', program, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      })
      const [output, errors] = [new KeptText(), new KeptText()]
      child.stdout.on('data', (chunk: Buffer) => output.add(chunk))
      child.stderr.on('data', (chunk: Buffer) => errors.add(chunk))
      const kill = (): void => void child.kill('SIGKILL')
      const timer = clock.setTimer(limits.wallMs, kill)
      signal?.addEventListener('abort', kill)
      const end = (ended: ProgramEnd): void => {
        timer.cancel()
        signal?.removeEventListener('abort', kill)
        resolve(ended)
      }
      child.once('error', () => end({ kind: 'missing' }))
      child.once('close', (code, by) => {
        if (by !== null) end({ kind: 'killed', by })
        else if (code === NOT_FOUND) end({ kind: 'missing' })
        else end({ kind: 'ended', code: code ?? 1, output: output.text, errors: errors.text })
      })
    })
}

function limitArguments({ memoryBytes, cpuSeconds, fileBytes }: ProgramLimits): readonly string[] {
  return [`--as=${memoryBytes}`, `--cpu=${cpuSeconds}`, `--fsize=${fileBytes}`, '--core=0', '--nofile=64']
}

class KeptText {
  #text = ''

  get text(): string {
    return this.#text
  }

  add(chunk: Buffer): void {
    if (this.#text.length < TEXT_BYTES) this.#text += chunk.toString('latin1')
  }
}
