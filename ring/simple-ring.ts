/** Rings for tests and for `npm start`, made in milliseconds and the same every time. */
import { completeDevice, type NewDevice } from './device.ts'
import { Ring } from './ring.ts'

export interface SimpleRing {
  /** A number of devices of equal weight, each in a zone of its own on 127.0.0.1, or the devices themselves. */
  readonly devices: number | readonly NewDevice[]
  readonly partPower: number
  readonly replicas: number
}

/** Ports of the devices that `buildSimpleRing` makes up: 6200, 6201… */
const FIRST_PORT = 6200

/** A balanced ring over the given devices. */
export function buildSimpleRing(options: SimpleRing): Ring {
  const wanted = typeof options.devices === 'number' ? madeUpDevices(options.devices) : options.devices
  const devices = wanted.map((device, id) => completeDevice(device, id))
  const assignments = Array.from({ length: options.replicas }, (_, replica) =>
    Uint16Array.from(
      { length: 2 ** options.partPower },
      (_, partition) => (partition + replica) % devices.length,
    ),
  )
  return new Ring({ partPower: options.partPower, version: 1, devices, assignments })
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
