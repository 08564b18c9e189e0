/** Starts the operating system's processes for the supervisor. The only file that may. */
import { fork } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Order, Report } from './messages.ts'
import { NODE_FLAGS, PROCESS_ENVIRONMENT } from './process-flags.ts'
import type { ChildListener, ChildProcess, Fork } from './supervised-process.ts'

export interface ForkOptions {
  /** File URL of the program's main file. */
  readonly main: URL
  /** Directory where compiled code is kept. */
  readonly compileCache: string
}

/** A fork that runs one main file in every process. */
export function forkOf(options: ForkOptions): Fork {
  return (program, listener) => start(program, listener, options)
}

function start(program: string, listener: ChildListener, options: ForkOptions): ChildProcess {
  const child = fork(options.main, [program], {
    execArgv: [...NODE_FLAGS],
    env: {
      ...process.env,
      ...PROCESS_ENVIRONMENT,
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
