/** Where the servers of a device are to listen: what the rings say. */
import type { RingDevice } from '#ring/device.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import type { ServerType } from './rings.ts'

export interface ServerEndpoint {
  readonly server: ServerType
  readonly host: string
  readonly port: number
}

/** The endpoints of the device on this host, each once, or a sentence about what is wrong with the rings. */
export function endpointsOf(
  rings: RingDirectory,
  host: string,
  device: string,
): readonly ServerEndpoint[] | string {
  const endpoints = new Map<number, ServerEndpoint>()
  for (const [name, watcher] of rings.all()) {
    const member = devicesOn(watcher.ring.devices, host).find((one) => one.device === device)
    if (member === undefined) continue
    const server = serverTypeOf(name)
    const other = endpoints.get(member.port)
    if (other !== undefined && other.server !== server) {
      return `the rings give port ${member.port} of ${host} to two servers of device ${device}: ${other.server} and ${server}`
    }
    endpoints.set(member.port, { server, host, port: member.port })
  }
  return endpoints.size > 0 ? [...endpoints.values()] : `no ring has a device ${device} on ${host}`
}

/** The names of all devices that the rings have on this host. */
export function deviceNamesOn(rings: RingDirectory, host: string): readonly string[] {
  const names = [...rings.all()].flatMap(([, { ring }]) =>
    devicesOn(ring.devices, host).map(({ device }) => device),
  )
  return [...new Set(names)].toSorted()
}

function devicesOn(devices: readonly (RingDevice | undefined)[], host: string): readonly RingDevice[] {
  return devices.filter((device) => device !== undefined).filter(({ ip }) => ip === host)
}

/** `object-1` is an object ring. */
function serverTypeOf(ring: string): ServerType {
  return ring === 'account' || ring === 'container' ? ring : 'object'
}
