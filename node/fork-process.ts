/** Starts the operating system's processes for the supervisor. The only file that may. */
import { fork } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Order, Report } from './messages.ts'
import type { ChildListener, ChildProcess, Fork } from './supervised-process.ts'

/**
 * Threads for file operations of a storage process. Reads, writes, syncs and LevelDB share them; with Node's four, a
 * handful of syncs would hold up every read.
 */
const THREAD_POOL_SIZE = 24

export interface ForkOptions {
  /** File URL of the program's main file. */
  readonly main: URL
  /** Flags for V8 and Node, such as `--max-semi-space-size=16`. */
  readonly nodeFlags: readonly string[]
  /** Directory where compiled code is kept. */
  readonly compileCache: string
}

/** A fork that runs one main file in every process. */
export function forkOf(options: ForkOptions): Fork {
  return (program, listener) => start(program, listener, options)
}

function start(program: string, listener: ChildListener, options: ForkOptions): ChildProcess {
  const child = fork(options.main, [program], {
    execArgv: [...options.nodeFlags],
    env: {
      ...process.env,
      UV_THREADPOOL_SIZE: String(THREAD_POOL_SIZE),
      NODE_COMPILE_CACHE: options.compileCache,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  child.on('message', (report) => listener.reported(report as Report))
  child.once('exit', (code, signal) => listener.exited(signal ?? `exit code ${code}`))
  // A message to a process that just died; `exit` says the rest.
  child.on('error', () => {})
  return {
    pid: child.pid ?? 0,
    send: (order: Order, socket?: Socket) => {
      if (child.connected) child.send(order, socket, { keepOpen: true })
    },
    kill: (signal) => child.kill(signal),
  }
}
