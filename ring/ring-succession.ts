/**
 * Which ring may follow which when rings are given out: only one that is newer. Guards against an old file, a file of
 * another server, and two operators who changed the same builder apart from each other.
 */
import type { Ring } from './ring.ts'

export interface KnownRing {
  readonly ring: Ring
  /** SHA-256 of its file, hex. */
  readonly digest: string
}

export type Succession =
  | { readonly kind: 'newer' | 'same' }
  /** The reason completes "the ring is refused: …". */
  | { readonly kind: 'refused'; readonly reason: string }

/** May `next` take the place of the ring in use? */
export function successionOf(present: KnownRing, next: KnownRing): Succession {
  if (present.digest === next.digest) return { kind: 'same' }
  const reason = versionFault(present.ring, next.ring) ?? kinshipFault(present.ring, next.ring)
  return reason === undefined ? { kind: 'newer' } : { kind: 'refused', reason }
}

/** The version of a ring for comparisons; a ring without one is older than any that has one. */
export function versionOf(ring: Ring): number {
  return ring.version ?? -1
}

function versionFault(present: Ring, next: Ring): string | undefined {
  if (next.version === undefined) return 'it has no version'
  if (next.version < versionOf(present))
    return `its version ${next.version} is older than version ${present.version} in use`
  if (next.version === versionOf(present)) return `another ring of version ${next.version} is in use`
  return undefined
}

function kinshipFault(present: Ring, next: Ring): string | undefined {
  if (next.partPower < present.partPower)
    return `its part power ${next.partPower} is less than ${present.partPower} in use; a part power only grows`
  const known = new Set(present.devices.map(placeOf))
  if (!next.devices.some((device) => device !== undefined && known.has(placeOf(device))))
    return 'it has no device in common with the ring in use'
  return undefined
}

function placeOf(device: Ring['devices'][number]): string {
  return device === undefined ? '' : `${device.ip} ${device.port} ${device.device}`
}
