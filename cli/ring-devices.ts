/** `martlet ring add`, `remove`, `set-weight`, `set-region`, `set-zone`, `set-info`. */
import type { Command } from 'commander'
import { addDevices, changeDevices, type DeviceChange, removeDevices } from '#ring/builder.ts'
import { deviceLabel, hostAndPort, type NewDevice, type RingDevice } from '#ring/device.ts'
import { parseNewDevice } from '#ring/device-search.ts'
import { action, edit, find, number, present, type RingCommandContext, SEARCH_HELP } from './ring-context.ts'
import { OperatorError } from './ring-files.ts'

interface PlaceOptions {
  readonly region?: number
  readonly zone?: number
  readonly ip?: string
  readonly port?: number
  readonly replicationIp?: string
  readonly replicationPort?: number
  readonly device?: string
  readonly meta?: string
  readonly weight?: number
}

function withAddressOptions(command: Command): Command {
  return command
    .option('--ip <host>', 'address of the host')
    .option('--port <port>', 'port of the server', number)
    .option('--replication-ip <host>', 'address for replication, if another')
    .option('--replication-port <port>', 'port for replication, if another', number)
    .option('--device <name>', 'directory of the device, such as sdb1')
    .option('--meta <text>', 'free text')
}

/** Mounts the commands that change devices. */
export function addDeviceCommands(ring: Command, context: RingCommandContext): void {
  addAdd(ring, context)
  addRemove(ring, context)
  addChange(ring, context, 'weight', 'share of the partitions; 0 empties the device')
  addChange(ring, context, 'region', 'region of the device')
  addChange(ring, context, 'zone', 'zone of the device')
  const info = ring.command('set-info').description('change address, name or text of devices')
  withAddressOptions(info.argument('<builder>').argument('<search>', SEARCH_HELP))
  action(info, async (path: string, search: string, options: PlaceOptions) => {
    const change: DeviceChange = options
    if (Object.keys(change).length === 0)
      throw new OperatorError('say what to change, such as --ip or --meta')
    await changeFound(context, path, search, change)
  })
}

function addAdd(ring: Command, context: RingCommandContext): void {
  const add = ring.command('add').description('add devices; they get partitions at the next rebalance')
  add
    .argument('<builder>')
    .argument('[devices...]', 'pairs such as r1z2-10.0.0.1:6200/sdb1 100 (place and weight)')
    .option('--region <number>', 'region of the device', number)
    .option('--zone <number>', 'zone of the device', number)
    .option('--weight <number>', 'share of the partitions', number)
  withAddressOptions(add)
  action(add, async (path: string, pairs: string[], options: PlaceOptions) => {
    const devices = pairs.length > 0 ? devicesOfPairs(pairs) : [deviceOfOptions(options)]
    const builder = await edit(context, path, (before) => addDevices(before, devices))
    const keys = new Set(devices.map(({ ip, port, device }) => `${hostAndPort(ip, port)}/${device}`))
    const added = present(builder).filter(({ ip, port, device }) =>
      keys.has(`${hostAndPort(ip, port)}/${device}`),
    )
    for (const device of added)
      context.print(`Added device ${device.id}, ${deviceLabel(device)}, weight ${device.weight}`)
  })
}

function devicesOfPairs(pairs: readonly string[]): NewDevice[] {
  if (pairs.length % 2 !== 0)
    throw new OperatorError('every device needs a weight: give pairs of place and weight')
  return Array.from({ length: pairs.length / 2 }, (_, at) => {
    const [place, weightText] = [pairs[at * 2] as string, pairs[at * 2 + 1] as string]
    const weight = Number(weightText)
    const device = parseNewDevice(place, weight)
    if (!Number.isFinite(weight))
      throw new OperatorError(`the weight of ${place} is not a number: ${weightText}`)
    if (device === undefined) throw new OperatorError(`${place} is not of the form r1z2-10.0.0.1:6200/sdb1`)
    return device
  })
}

function deviceOfOptions(options: PlaceOptions): NewDevice {
  const { region = 1, zone, ip, port, device, weight } = options
  if (
    zone === undefined ||
    ip === undefined ||
    port === undefined ||
    device === undefined ||
    weight === undefined
  ) {
    throw new OperatorError('give pairs of place and weight, or --zone, --ip, --port, --device and --weight')
  }
  return { ...options, region, zone, ip, port, device, weight }
}

function addRemove(ring: Command, context: RingCommandContext): void {
  const remove = ring
    .command('remove')
    .description('take devices out at the next rebalance, whatever min-part-hours says')
  remove.argument('<builder>').argument('<search...>', SEARCH_HELP)
  action(remove, async (path: string, searches: string[]) => {
    let found: readonly RingDevice[] = []
    await edit(context, path, (builder) => {
      found = [...new Set(searches.flatMap((search) => find(builder, search)))]
      return removeDevices(
        builder,
        found.map(({ id }) => id),
      )
    })
    for (const device of found)
      context.print(`Device ${device.id}, ${deviceLabel(device)}, goes at the next rebalance`)
  })
}

function addChange(
  ring: Command,
  context: RingCommandContext,
  field: 'weight' | 'region' | 'zone',
  help: string,
): void {
  const command = ring.command(`set-${field}`).description(`change the ${field} of devices`)
  command.argument('<builder>').argument('<search>', SEARCH_HELP).argument(`<${field}>`, help, number)
  action(command, async (path: string, search: string, value: number) => {
    await changeFound(context, path, search, { [field]: value })
  })
}

async function changeFound(
  context: RingCommandContext,
  path: string,
  search: string,
  change: DeviceChange,
): Promise<void> {
  let ids: readonly number[] = []
  const builder = await edit(context, path, (before) => {
    ids = find(before, search).map(({ id }) => id)
    return changeDevices(before, ids, change)
  })
  const what = Object.entries(change)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
  for (const id of ids)
    context.print(`Device ${id}, ${deviceLabel(builder.devices[id] as RingDevice)}: ${what}`)
}
