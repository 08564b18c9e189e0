/** Runs the processes of a host in the foreground until the command is told to stop. */
import { createLogger } from '#base/log.ts'
import type { Configuration } from '#node/configuration.ts'
import { realEnvironment } from '#node/environment.ts'
import { forkOf } from '#node/fork-process.ts'
import type { PublicPort } from '#node/public-port.ts'
import type { Program } from '#node/supervised-process.ts'
import { Supervisor } from '#node/supervisor.ts'
import { COMPILE_CACHE } from './compile-cache.ts'
import { say, warn } from './report.ts'
import { aborted, stopSignal } from './stop-signal.ts'

export interface Supervision {
  readonly configuration: Configuration
  readonly main: URL
  readonly programs: readonly Program[]
  /** For processes that serve clients. */
  readonly port?: PublicPort
  /** Done before it is said that all are ready. */
  readonly whenReady?: () => Promise<void>
  /** What is printed when all are ready. */
  readonly greeting: string
  /** Begins to watch for programs that are to be run, too; the function returned ends that. */
  readonly watchForMore?: (add: (program: Program) => void) => Promise<() => void>
}

/** A process that cannot start is tried again and again; what is wrong is logged. */
export async function supervise(supervision: Supervision): Promise<void> {
  const { settings } = supervision.configuration
  const { clock } = realEnvironment()
  const signal = stopSignal()
  const supervisor = new Supervisor({
    programs: supervision.programs,
    fork: forkOf({ main: supervision.main, compileCache: COMPILE_CACHE }),
    clock,
    log: createLogger({ level: settings.log.level, clock }),
    firstStart: 'until_ready',
    drainMs: settings.shutdown.drainMs,
  })
  supervisor.start()
  if (supervision.port !== undefined) supervisor.serve(supervision.port)
  void supervisor.started().then(async (outcome) => {
    if (outcome.kind === 'failed') warn(`${outcome.sentence}; trying again`)
    if (outcome.kind !== 'ready') return
    await supervision
      .whenReady?.()
      .catch((error: unknown) => warn(`the start cannot be noted: ${String(error)}`))
    say(supervision.greeting)
  })
  const unwatch = await supervision.watchForMore?.((program) => supervisor.add(program))
  await aborted(signal)
  unwatch?.()
  supervision.port?.close()
  await supervisor.stop()
}
