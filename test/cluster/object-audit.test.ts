/** Copies that rot on one device: found by its auditor, kept in quarantine, fetched again by the replicator, read back. */
import t, { type Test } from 'tap'
import { inlineChecker } from '#auditor/data-checker.ts'
import { createObjectAuditor } from '#auditor/object-auditor.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import { silentLogger } from '#base/log.ts'
import type { AuditAccess } from '#object-server/audit-access.ts'
import { type Machine, ObjectDevices } from '#replicator/testing/object-devices.ts'
import type { PassReport } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'

const NAME = '/a/c/o'

async function audit(cluster: ObjectDevices, machine: Machine, depth: 'quick' | 'full'): Promise<PassReport> {
  const { running } = machine
  if (running === undefined) throw new Error('it does not run')
  const { device } = running.service
  running.replicator.onUrgent?.(() => {
    void cluster.pass(machine)
  })
  const auditor = createObjectAuditor({
    depth,
    clock: cluster.clock,
    log: silentLogger,
    foreground: new Foreground(cluster.clock),
    policies: [{ policyIndex: 0, access: device.audit(0) as AuditAccess }],
    checker: inlineChecker(machine.disk.remount()),
    repairs: running.repairs,
    notes: device.notes,
    everyMs: 1000,
  })
  let done = false
  const report = auditor.runOnce({ pace: 'full', signal: new AbortController().signal })
  void report.finally(() => {
    done = true
  })
  while (!done) await cluster.clock.advance(5)
  return await report
}

function dataFile(machine: Machine): string {
  const path = machine.disk.files().find((file) => file.endsWith('.data') && file.includes('/objects/'))
  if (path === undefined) throw new Error('no data file')
  return path
}

async function heals(
  t: Test,
  body: Buffer,
  depth: 'quick' | 'full',
  damage: (machine: Machine) => void,
): Promise<void> {
  const cluster = await ObjectDevices.start({ devices: 3 })
  await cluster.put(cluster.machines, NAME, body)
  await cluster.passes(2)
  const [sick, good] = cluster.machines as readonly [Machine, Machine]
  damage(sick)
  const report = await audit(cluster, sick, depth)
  t.match(report, { ended: 'complete', repaired: { healed: 1 }, waiting: {} }, JSON.stringify(report))
  t.equal(await cluster.holds(sick, NAME), body.toString())
  t.same(await cluster.inventory(sick, [NAME]), await cluster.inventory(good, [NAME]))
  t.same((await audit(cluster, sick, 'full')).repaired, {})
  await cluster.closeAll()
}

const SMALL = Buffer.from('precious')
const LARGE = Buffer.alloc(2 * BLOCK_BYTES + 77, 'large')

t.test('a flipped bit of a small body', (t) =>
  heals(t, SMALL, 'full', (sick) => sick.disk.flipBit(dataFile(sick), 3)),
)

t.test('a flipped bit in the last block of a large body', (t) =>
  heals(t, LARGE, 'full', (sick) => sick.disk.flipBit(dataFile(sick), 2 * BLOCK_BYTES + 5)),
)

t.test('a file that is gone', (t) => heals(t, SMALL, 'quick', (sick) => sick.disk.lose(dataFile(sick))))

t.test('a copy that nobody else has is kept in quarantine, and asked for again and again', async (t) => {
  const cluster = await ObjectDevices.start({ devices: 3 })
  const [sick] = cluster.machines as readonly [Machine]
  await cluster.put([sick], NAME, SMALL)
  sick.disk.flipBit(dataFile(sick), 3)
  const report = await audit(cluster, sick, 'full')
  t.match(
    report,
    { found: { damaged_files: 1 }, repaired: {}, waiting: { nobody_has_it: 1 } },
    JSON.stringify(report),
  )
  t.equal(await cluster.holds(sick, NAME), 'quarantined')
  t.equal((await sick.running?.service.device.quarantinedFiles())?.get(0), 1)
  t.match(await audit(cluster, sick, 'quick'), { found: { lost: 1 }, waiting: { nobody_has_it: 1 } })
  await cluster.closeAll()
})
