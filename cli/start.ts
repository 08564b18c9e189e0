/** `martlet start`: a whole cluster on this machine, in the foreground. */
import { resolve } from 'node:path'
import { createLogger } from '#base/log.ts'
import type { Overrides } from '#node/configuration.ts'
import type { DeviceAssignment } from '#node/device-service.ts'
import { realEnvironment } from '#node/environment.ts'
import { forkOf } from '#node/fork-process.ts'
import { knownUsers } from '#node/known-users.ts'
import { LocalCluster } from '#node/local-cluster.ts'
import { COMPILE_CACHE } from './compile-cache.ts'
import { greeting } from './greeting.ts'
import { loadConfiguration } from './load-configuration.ts'
import { publicUrl } from './public-url.ts'
import { complain, say } from './report.ts'
import { aborted, stopSignal } from './stop-signal.ts'
import { version } from './version.ts'

export interface StartArguments {
  readonly port?: string
  readonly data?: string
  readonly config?: string
  /** `false`: the users for development are left out. */
  readonly devUsers?: boolean
}

const DEVICE_MAIN = new URL('../node/device-main.ts', import.meta.url)

/** Runs until SIGTERM or Ctrl-C. What is wrong is said in a sentence, with exit code 1. */
export async function start(args: StartArguments): Promise<void> {
  const configuration = await loadConfiguration(args.config, overridesOf(args))
  if ('problem' in configuration) return complain(configuration.problem)
  const { settings, policies, policyOptions } = configuration
  const environment = realEnvironment()
  const signal = stopSignal()
  const cluster = await LocalCluster.start({
    environment,
    log: createLogger({ level: settings.log.level, clock: environment.clock }),
    fork: forkOf({ main: DEVICE_MAIN, compileCache: COMPILE_CACHE }),
    pid: process.pid,
    address: { host: settings.proxy.host, port: settings.proxy.port },
    dataPath: resolve(settings.start.data),
    policies,
    developmentUsers: args.devUsers === false ? 'none' : 'as_before',
    devices: Array.from({ length: settings.start.devices }, (_, index) => `d${index + 1}`),
    replicas: settings.start.replicas,
    firstStoragePort: settings.start.firstStoragePort,
    drainMs: settings.shutdown.drainMs,
    assignmentOf: (device, { devicesPath, ringsPath, cluster }, newDevice): DeviceAssignment => ({
      device,
      host: '127.0.0.1',
      devicesPath,
      ringsPath,
      cluster,
      settings,
      policyOptions,
      version: version(),
      newDevice,
      clients: 'from_supervisor',
    }),
    signal,
  })
  if ('failed' in cluster) return signal.aborted ? undefined : complain(cluster.failed)
  say(greeting(publicUrl(settings, cluster.address), knownUsers(settings, cluster.file)))
  if (args.devUsers === false) await sayAdministrator(resolve(settings.start.data), args.config)
  await aborted(signal)
  await cluster.stop()
}

const ADMINISTRATOR = 'admin'

/** Makes the administrator where there is none, and prints the password, which nobody can tell later. */
async function sayAdministrator(data: string, config: string | undefined): Promise<void> {
  const { administer } = await import('./administration.ts')
  await administer({ data, ...(config === undefined ? {} : { config }) }, async (administration) => {
    const made = await administration.firstAdministrator(ADMINISTRATOR, ADMINISTRATOR)
    if (made === undefined) return undefined
    if ('problem' in made) return made
    say(
      `Administrator: user ${ADMINISTRATOR}, password ${made.password} (project ${ADMINISTRATOR}); printed only now`,
    )
    return undefined
  })
}

/** The command line stands above the environment, and both above the file. */
function overridesOf(args: StartArguments): Overrides {
  const port = args.port ?? process.env['MARTLET_PORT']
  const data = args.data ?? process.env['MARTLET_DATA']
  return {
    ...(port === undefined ? {} : { proxy: { port } }),
    ...(data === undefined ? {} : { start: { data } }),
  }
}
