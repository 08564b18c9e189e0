/** Entries with long content types: no page of them may become longer than what the other side reads. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { encodeEntriesAnswer } from '#object-server/replication/messages.ts'
import { isFailure, Peers } from '#object-server/replication/peer.ts'
import { HOST, type Machine, ObjectDevices } from './testing/object-devices.ts'

const MIB = 1024 * 1024

/** Objects of one partition, of which each has a content type of so many bytes since a POST. */
async function putLong(
  devices: ObjectDevices,
  machine: Machine,
  { objects, typeBytes }: { readonly objects: number; readonly typeBytes: number },
): Promise<readonly string[]> {
  const partition = devices.partitionOf('/a/c/first')
  const names: string[] = []
  for (let at = 0; names.length < objects; at += 1) {
    const name = `/a/c/o${at}`
    if (devices.partitionOf(name) !== partition) continue
    names.push(name)
    await devices.put([machine], name, 'x')
    const timestamp = devices.now()
    const contentType = { value: `a/${'b'.repeat(typeBytes)}`, timestamp }
    const request = { timestamp, headers: {}, contentType, expired: 'hide', updates: () => [] } as const
    await devices.engine(machine).post(name, request)
  }
  return names
}

t.test('entries are told in pages of a few MiB', async (t) => {
  const devices = await ObjectDevices.start()
  const [machine] = devices.placed('/a/c/first').primaries as [Machine]
  const names = await putLong(devices, machine, { objects: 400, typeBytes: 16_000 })
  const partition = { partPower: devices.ring.partPower, partition: devices.partitionOf('/a/c/first') }
  const peers = new Peers({ transport: devices.network, policyIndex: 0, log: silentLogger })
  const peer = { host: HOST, port: machine.port, device: machine.name }
  let [told, after]: [number, string | undefined] = [0, undefined]
  for (let more = true; more; ) {
    const page = await peers.entries(peer, { partition, after })
    if (isFailure(page)) throw new Error(page.reason)
    t.ok(encodeEntriesAnswer(page).length < 5 * MIB)
    told += page.entries.length
    after = page.entries.at(-1)?.hash
    more = page.more
  }
  t.equal(told, names.length)
  await devices.closeAll()
})

t.test('what is handed over is told in requests that are read', async (t) => {
  const devices = await ObjectDevices.start()
  const { primaries, others } = devices.placed('/a/c/first')
  const [[first], [stray]] = [primaries as [Machine], others as [Machine]]
  const names = await putLong(devices, stray, { objects: 220, typeBytes: 40_000 })
  await devices.pass(stray)
  const last = names.at(-1) ?? ''
  t.equal(await devices.holds(first, last), 'x')
  t.equal(await devices.holds(stray, last), 'missing')
  await devices.closeAll()
})
