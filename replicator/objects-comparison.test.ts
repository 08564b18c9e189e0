/** What two devices ask each other about a partition in which they differ. */
import t from 'tap'
import type { Request } from '#http/message.ts'
import { type Machine, ObjectDevices } from './testing/object-devices.ts'

interface Asked {
  /** What was asked of peers besides the digests of whole partitions, in its order. */
  readonly kinds: readonly string[]
  /** Of the requests for entries, those that name ranges. */
  readonly ranged: number
}

/** One pass of a device, and what it asked its peers. */
async function passOf(devices: ObjectDevices, machine: Machine): Promise<Asked> {
  const sent: Request[] = []
  devices.network.inject((_target, request) => {
    sent.push(request)
    return undefined
  })
  await devices.pass(machine)
  devices.network.inject(() => undefined)
  const kinds = sent.map(({ path }) => path.split('/').at(-1) ?? '')
  const asking = sent.filter(({ path }) => path.endsWith('/entries'))
  const ranged = asking.filter(({ body }) => body.bytes?.includes('"ranges":[') === true)
  return { kinds: kinds.slice(kinds.lastIndexOf('digests') + 1), ranged: ranged.length }
}

/** So many names in one partition. */
function namesTogether(devices: ObjectDevices, count: number): readonly string[] {
  const partition = devices.partitionOf('/a/c/first')
  const names: string[] = []
  for (let at = 0; names.length < count; at += 1)
    if (devices.partitionOf(`/a/c/o${at}`) === partition) names.push(`/a/c/o${at}`)
  return names
}

async function differing(devices: ObjectDevices, objects: number): Promise<readonly [Machine, string]> {
  const names = namesTogether(devices, objects)
  const { primaries } = devices.placed('/a/c/first')
  const [late, ...others] = primaries as [Machine, ...Machine[]]
  for (const name of names) await devices.put(primaries, name, `body of ${name}`)
  await devices.put(others, '/a/c/first', 'written while one was away')
  return [late, '/a/c/first']
}

t.test('of a partition with few objects everything is shown in one answer', async (t) => {
  const devices = await ObjectDevices.start()
  const [late, name] = await differing(devices, 10)
  const { kinds, ranged } = await passOf(devices, late)
  t.same(kinds, ['entries', 'objects', 'entries'], 'one holder has it, the other nothing more')
  t.equal(ranged, 0)
  t.equal(await devices.holds(late, name), 'written while one was away')
  await devices.closeAll()
})

t.test('of one with many only the ranges that differ are shown', async (t) => {
  const devices = await ObjectDevices.start()
  const [late, name] = await differing(devices, 80)
  const { kinds, ranged } = await passOf(devices, late)
  t.ok(kinds.filter((kind) => kind === 'entries').length <= 2)
  t.ok(ranged > 0)
  t.equal(await devices.holds(late, name), 'written while one was away')
  await devices.closeAll()
})
