/**
 * Devices that a changed ring gives to a host while it runs. A device that is in no ring any more goes on being served
 * until the host is started again: it may still have to hand over what it holds.
 */
import type { StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { RingDirectory } from '#ring/ring-directory.ts'
import { deviceNamesOn } from './device-endpoints.ts'

export interface NewDevicesOptions {
  readonly environment: Pick<Environment, 'clock' | 'disk' | 'random'>
  readonly log: Logger
  readonly policies: StoragePolicies
  /** Where the rings are. */
  readonly directory: string
  /** Address of the host in the rings. */
  readonly host: string
  /** Devices that are served already. */
  readonly known: readonly string[]
  /** Called once for each that comes. */
  readonly onNew: (device: string) => void
}

/** Begins to watch; the function ends that. Where a ring cannot be read at that moment, nothing is watched. */
export async function watchForDevices(options: NewDevicesOptions): Promise<() => void> {
  const { environment, log, policies, directory, host } = options
  const indexes = policies.all.map(({ index }) => index)
  const rings = await RingDirectory.open({ environment, log, directory, policies: indexes })
  if (!(rings instanceof RingDirectory)) {
    log.error({ path: rings.path, reason: rings.reason }, 'rings are not watched for new devices')
    return () => {}
  }
  const known = new Set(options.known)
  const look = (): void => {
    for (const device of deviceNamesOn(rings, host)) {
      if (known.has(device)) continue
      known.add(device)
      log.info({ device }, 'the rings have a new device on this host')
      options.onNew(device)
    }
  }
  for (const [, watcher] of rings.all()) watcher.onChange(look)
  look()
  return () => rings.close()
}
