import t from 'tap'
import { completeDevice } from './device.ts'
import { chooseUps, type Rounded } from './even-rounding.ts'
import { topologyOf } from './topology.ts'

/** Two zones of two hosts with two devices each: ids 0–3 in the first, 4–7 in the second. */
const devices = Array.from({ length: 8 }, (_, id) => {
  const ip = `10.0.0.${Math.floor(id / 2)}`
  return completeDevice(
    { region: 1, zone: Math.floor(id / 4), ip, port: 6200, device: `d${id}`, weight: 1 },
    id,
  )
})
const topology = topologyOf(devices)

function all(side: (id: number) => Rounded['side'], lack = (_id: number): number => 0.5): readonly Rounded[] {
  return devices.map(({ id }) => ({ id, lack: lack(id), side: side(id) }))
}

const sorted = (chosen: ReadonlySet<number>): number[] => [...chosen].toSorted((a, b) => a - b)

t.test('what is rounded up is spread over zones and hosts', (t) => {
  t.same(
    sorted(
      chooseUps(
        topology,
        all(() => 'free'),
        4,
      ),
    ),
    [0, 2, 4, 6],
  )
  t.same(
    sorted(
      chooseUps(
        topology,
        all(() => 'free'),
        8,
      ),
    ),
    [0, 1, 2, 3, 4, 5, 6, 7],
  )
  t.end()
})

t.test('a zone that was rounded up already stands back', (t) => {
  const chosen = chooseUps(
    topology,
    all((id) => (id < 2 ? 'up' : 'free')),
    2,
  )
  t.same(sorted(chosen), [4, 6])
  t.end()
})

t.test('within a host the device that lacks most is rounded up', (t) => {
  const chosen = chooseUps(
    topology,
    all(
      () => 'free',
      (id) => (id % 2 === 0 ? 0.2 : 0.4),
    ),
    4,
  )
  t.same(sorted(chosen), [1, 3, 5, 7])
  t.end()
})

t.test('more than there are is a mistake of ours', (t) => {
  t.throws(
    () =>
      chooseUps(
        topology,
        all(() => 'down'),
        1,
      ),
    RangeError,
  )
  t.end()
})
