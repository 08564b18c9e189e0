/** `martlet node`: the storage servers of this host. */
import type { Environment } from '#base/environment.ts'
import { createLogger } from '#base/log.ts'
import type { DeviceAssignment } from '#node/device-service.ts'
import { realEnvironment } from '#node/environment.ts'
import { isFirstService, markServed } from '#node/first-service.ts'
import { readStorageHost, type StorageHost } from '#node/host.ts'
import { watchForDevices } from '#node/new-devices.ts'
import type { ProgramStart } from '#node/supervised-process.ts'
import { loadConfiguration } from './load-configuration.ts'
import { complain, warn } from './report.ts'
import { supervise } from './supervise.ts'
import { version } from './version.ts'

const DEVICE_MAIN = new URL('../node/device-main.ts', import.meta.url)

export interface NodeArguments {
  readonly config: string
  readonly newCluster?: true
}

/** Left in a unit file, the flag must do no harm; so it is not an error either. */
async function believeNewCluster(environment: Environment, storage: StorageHost): Promise<boolean> {
  const first = await isFirstService(environment, storage)
  if (first === 'first') return true
  warn(`--new-cluster is ignored: ${first.reason}; devices without state count as replaced`)
  return false
}

/** Runs until SIGTERM or Ctrl-C. */
export async function runNode(args: NodeArguments): Promise<void> {
  const configuration = await loadConfiguration(args.config)
  if ('problem' in configuration) return complain(configuration.problem)
  const { settings, policies, policyOptions } = configuration
  const environment = realEnvironment()
  const log = createLogger({ level: settings.log.level, clock: environment.clock })
  const storage = await readStorageHost(environment, log, settings, policies)
  if ('failed' in storage) return complain(storage.failed)
  const { devices, ...place } = storage
  const newCluster = args.newCluster === true && (await believeNewCluster(environment, storage))
  const assignment = (device: string, start: ProgramStart): DeviceAssignment => ({
    ...place,
    device,
    settings,
    policyOptions,
    version: version(),
    newDevice: newCluster && start === 'before_service' ? 'part_of_new_cluster' : 'may_have_held_data',
    clients: 'none',
  })
  await supervise({
    configuration,
    main: DEVICE_MAIN,
    programs: devices.map((device) => ({
      name: device,
      assignment: async (start) => assignment(device, start),
    })),
    whenReady: () => markServed(environment, storage),
    greeting: `Storage servers of ${storage.host} are ready: ${devices.join(', ')}`,
    watchForMore: (add) =>
      watchForDevices({
        environment,
        log,
        policies,
        directory: place.ringsPath,
        host: place.host,
        known: devices,
        // In a cluster that is in service it joins, whatever this start was.
        onNew: (device) => add({ name: device, assignment: async () => assignment(device, 'after_service') }),
      }),
  })
}
