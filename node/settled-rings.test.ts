import t from 'tap'
import type { Figures, PassReport } from '#worker/contract.ts'
import { isRingSettled } from './settled-rings.ts'

const CHANGED = { changedAtMs: 1000 }

function after(report: Partial<PassReport>, name = 'replicator'): Parameters<typeof isRingSettled>[2] {
  const nothing: Figures = {}
  const whole = { worker: name, startedMs: 2000, durationMs: 1, ended: 'complete' as const }
  const lastPass = (): PassReport => ({
    ...whole,
    found: nothing,
    repaired: nothing,
    waiting: nothing,
    ...report,
  })
  return [{ name, lastPass }]
}

t.test('a whole pass since the change that found nothing to move settles a ring', (t) => {
  t.ok(isRingSettled('object', CHANGED, after({ found: { partitions: 9, partitions_joining: 0 } })))
  t.ok(
    isRingSettled(
      'object-2',
      CHANGED,
      after({ waiting: { partitions_unequal: 0, reclaims_unconfirmed: 3 } }),
    ),
  )
  for (const name of ['account', 'container'])
    t.ok(isRingSettled(name, CHANGED, after({}, 'database-replicator')))
  t.end()
})

t.test('anything else does not', (t) => {
  const unsettled: readonly Partial<PassReport>[] = [
    { startedMs: 900 },
    { ended: 'stopped' },
    { found: { partitions_astray: 1 } },
    { found: { partitions_joining: 1 } },
    { waiting: { partitions_unequal: 1 } },
    { waiting: { handoffs_stale: 2 } },
  ]
  for (const report of unsettled)
    t.notOk(isRingSettled('object', CHANGED, after(report)), JSON.stringify(report))
  t.notOk(isRingSettled('container', CHANGED, after({})), 'it is another worker that moves containers')
  t.notOk(isRingSettled('object', CHANGED, []), 'no worker')
  t.notOk(
    isRingSettled('object', CHANGED, [{ name: 'replicator', lastPass: () => undefined }]),
    'no pass yet',
  )
  t.end()
})
