/** Rings for tests and for `npm start`, made in milliseconds and the same every time. */
import { addDevices, createBuilder, type Refusal, rebalanced, ringOf } from './builder.ts'
import type { NewDevice } from './device.ts'
import type { Ring } from './ring.ts'

export interface SimpleRing {
  /** A number of devices of equal weight, each in a zone of its own on 127.0.0.1, or the devices themselves. */
  readonly devices: number | readonly NewDevice[]
  readonly partPower: number
  readonly replicas: number
}

/** Ports of the devices that `buildSimpleRing` makes up: 6200, 6201… */
const FIRST_PORT = 6200
/** Any will do; a fixed one makes the same ring every time. */
const SEED = 'simple'

/** A ring balanced by weight, its replicas as far apart as the devices allow. Throws when that cannot be built. */
export function buildSimpleRing(options: SimpleRing): Ring {
  const { partPower, replicas } = options
  const devices = typeof options.devices === 'number' ? madeUpDevices(options.devices) : options.devices
  const empty = accepted(createBuilder({ partPower, replicas, minPartHours: 0 }))
  const { builder } = accepted(rebalanced(accepted(addDevices(empty, devices)), { seed: SEED, nowMs: 0 }))
  return ringOf(builder) as Ring
}

function accepted<T extends { readonly kind: string }>(result: T | Refusal): Exclude<T, Refusal> {
  if (result.kind === 'refused') throw new RangeError((result as Refusal).reason)
  return result as Exclude<T, Refusal>
}

function madeUpDevices(count: number): NewDevice[] {
  return Array.from({ length: count }, (_, index) => ({
    region: 1,
    zone: index + 1,
    ip: '127.0.0.1',
    port: FIRST_PORT + index,
    device: `d${index + 1}`,
    weight: 100,
  }))
}
