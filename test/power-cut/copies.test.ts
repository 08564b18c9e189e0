/**
 * The path on which many copies of other replicas are written at a time, its thread for files included, under a recorder of
 * its system calls, as `objects.test.ts` has it for single writes.
 */
import t from 'tap'
import { havePrograms } from '#test/programs.ts'
import { copiesProblem } from './copies.ts'
import { differences, powerCutOptions, record, tryPowerCuts } from './recorder.ts'

t.setTimeout(3_600_000)

/** Enough to find what only some losses show; the first one ends it. */
const BROKEN_CUTS = 400
const WRITER = new URL('./copy-writer.ts', import.meta.url)

t.test('whenever the power goes, every acknowledged copy is there, whole', async (t) => {
  if (!havePrograms(t, 'strace')) return
  const recording = await record(t, WRITER)
  t.match(recording.trace, /setxattr/, 'files are made')
  t.same(differences(recording), [], 'the record is whole')
  const { moments, cuts, wrong } = await tryPowerCuts(t, recording, powerCutOptions(150), copiesProblem)
  t.same(wrong, [], `${cuts} losses of power over ${moments} changes`)
})

for (const variant of [
  'fsync of copies left out',
  'directory of copies not synced',
  'index batch not synced',
]) {
  t.test(`it can fail: ${variant}`, async (t) => {
    if (!havePrograms(t, 'strace')) return
    const recording = await record(t, WRITER, [], variant)
    const options = { cuts: BROKEN_CUTS, seed: 1, until: 'first_wrong' } as const
    const { wrong, cuts } = await tryPowerCuts(t, recording, options, copiesProblem)
    t.equal(wrong.length, 1, `loss of power ${cuts + 1} shows it: ${wrong[0]}`)
  })
}
