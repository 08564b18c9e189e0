import t from 'tap'
import type { Ring } from './ring.ts'
import { Ring as MadeRing } from './ring.ts'
import { serialiseRing } from './ring-file.ts'
import { readRingFile } from './ring-store.ts'
import { successionOf } from './ring-succession.ts'
import { buildSimpleRing } from './simple-ring.ts'

const base = buildSimpleRing({ devices: 3, partPower: 4, replicas: 3 })

function known(change: Partial<Ring> = {}): { readonly ring: Ring; readonly digest: string } {
  const { partPower, nextPartPower, version, devices, assignments } = { ...members(base), ...change }
  const loaded = readRingFile(
    serialiseRing(new MadeRing({ partPower, nextPartPower, version, devices, assignments })),
  )
  if (loaded.kind === 'broken') throw new Error(loaded.reason)
  return loaded
}

function members(
  ring: Ring,
): Pick<Ring, 'partPower' | 'nextPartPower' | 'version' | 'devices' | 'assignments'> {
  const { partPower, nextPartPower, version, devices, assignments } = ring
  return { partPower, nextPartPower, version, devices, assignments }
}

const version = base.version as number

t.test('a newer ring may follow, the same one changes nothing', (t) => {
  t.same(successionOf(known(), known({ version: version + 1 })), { kind: 'newer' })
  t.same(successionOf(known(), known()), { kind: 'same' })
  t.same(
    successionOf(known({ version: undefined }), known()),
    { kind: 'newer' },
    'after one without a version',
  )
  t.end()
})

t.test('what must not follow is refused with its reason', (t) => {
  const elsewhere = base.devices.map((device) => device && { ...device, ip: '10.9.9.9' })
  const other = buildSimpleRing({ devices: 3, partPower: 3, replicas: 3 })
  const reasons: readonly (readonly [next: ReturnType<typeof known>, reason: RegExp])[] = [
    [known({ version: version - 1 }), /is older than version \d+ in use/],
    [known({ version: undefined }), /it has no version/],
    [known({ nextPartPower: 5 }), /another ring of version \d+ is in use/],
    [known({ version: version + 1, devices: elsewhere }), /no device in common/],
    [known({ ...members(other), version: version + 1 }), /its part power 3 is less than 4 in use/],
  ]
  for (const [next, reason] of reasons) t.match(successionOf(known(), next), { kind: 'refused', reason })
  t.end()
})
