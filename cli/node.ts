/** `martlet node`: the storage servers of this host. */
import { createLogger } from '#base/log.ts'
import type { DeviceAssignment } from '#node/device-service.ts'
import { realEnvironment } from '#node/environment.ts'
import { readStorageHost } from '#node/host.ts'
import type { ProgramStart } from '#node/supervised-process.ts'
import { loadConfiguration } from './load-configuration.ts'
import { complain } from './report.ts'
import { supervise } from './supervise.ts'
import { version } from './version.ts'

const DEVICE_MAIN = new URL('../node/device-main.ts', import.meta.url)

export interface NodeArguments {
  readonly config: string
  readonly newCluster?: true
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
  const assignment = (device: string, start: ProgramStart): DeviceAssignment => ({
    ...place,
    device,
    settings,
    policyOptions,
    version: version(),
    newDevice:
      args.newCluster === true && start === 'before_service' ? 'part_of_new_cluster' : 'may_have_held_data',
    clients: 'none',
  })
  await supervise({
    configuration,
    main: DEVICE_MAIN,
    programs: devices.map((device) => ({
      name: device,
      assignment: async (start) => assignment(device, start),
    })),
    greeting: `Storage servers of ${storage.host} are ready: ${devices.join(', ')}`,
  })
}
