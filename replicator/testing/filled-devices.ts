/** Devices with twenty objects on their primaries, and a look at whether everything is where the ring says. */
import { ObjectDevices, type ObjectDevicesOptions } from './object-devices.ts'

export const NAMES: readonly string[] = Array.from({ length: 20 }, (_, index) => `/a/c/o${index}`)

export async function filled(options: ObjectDevicesOptions = {}): Promise<ObjectDevices> {
  const devices = await ObjectDevices.start(options)
  for (const name of NAMES) await devices.put(devices.placed(name).primaries, name, `body of ${name}`)
  return devices
}

/** `undefined` when every primary has every object and nobody else has any, else what is wrong. */
export async function whatIsAstray(
  devices: ObjectDevices,
  names: readonly string[] = NAMES,
): Promise<string | undefined> {
  for (const name of names) {
    const { primaries, others } = devices.placed(name)
    for (const machine of primaries) {
      const held = await devices.holds(machine, name)
      if (held !== `body of ${name}`) return `${name} on ${machine.name}: ${held}`
    }
    for (const machine of others) {
      const held = await devices.holds(machine, name)
      if (held !== 'missing') return `${name} astray on ${machine.name}: ${held}`
    }
  }
  return undefined
}
