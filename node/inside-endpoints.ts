/** Where the processes of all devices of a cluster answer on their own behalf (`inside-paths.ts`), by the rings. */
import type { Endpoint } from '#http/transport.ts'
import type { Ring } from '#ring/ring.ts'
import { insideServer } from './inside-paths.ts'
import type { ServerType } from './rings.ts'

export interface DeviceProcess {
  /** Address of its host. */
  readonly host: string
  readonly device: string
  readonly endpoint: Endpoint
}

/** Every device of any of the rings once, in the order in which they are met. */
export function deviceProcesses(
  rings: Iterable<readonly [name: string, ring: Ring]>,
): readonly DeviceProcess[] {
  const found = new Map<
    string,
    { host: string; device: string; ports: Partial<Record<ServerType, number>> }
  >()
  for (const [name, ring] of rings) {
    const server: ServerType = name === 'account' || name === 'container' ? name : 'object'
    for (const member of ring.devices) {
      if (member === undefined) continue
      const key = processKey(member.ip, member.device)
      const known = found.get(key) ?? { host: member.ip, device: member.device, ports: {} }
      known.ports[server] ??= member.port
      found.set(key, known)
    }
  }
  return [...found.values()].map(({ host, device, ports }) => {
    const port = ports[insideServer(Object.keys(ports) as ServerType[])] ?? 0
    return { host, device, endpoint: { host, port } }
  })
}

/** One text per device of a cluster. */
export function processKey(host: string, device: string): string {
  return `${host}/${device}`
}
