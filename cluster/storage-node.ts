/**
 * A device of a ring with the storage server before it, as everything in this room speaks of it. One value per device
 * and process (`placement.ts` sees to that), so that what is learnt about it can be kept by identity.
 */
import type { Endpoint } from '#http/transport.ts'

export interface StorageNode extends Endpoint {
  /** `127.0.0.1:6200/d1` */
  readonly key: string
  /** Name of the device below the devices' root of its server. */
  readonly device: string
  readonly region: number
  readonly zone: number
  /** Is the server a part of this very process? */
  readonly locality: 'same_process' | 'elsewhere'
}

export type ServerType = 'account' | 'container' | 'object'

/** `10.0.0.1:6201`, as container and account servers are named in headers; IPv6 addresses in brackets. */
export function hostOf(node: StorageNode): string {
  return node.host.includes(':') ? `[${node.host}]:${node.port}` : `${node.host}:${node.port}`
}
