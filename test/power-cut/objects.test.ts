/**
 * The object server's real write path, files and LevelDB, under a recorder of its system calls; after every one of them
 * the power may go, and any legal part of what was not synced with it. Nothing acknowledged is lost, nothing torn is
 * served. `MARTLET_POWER_CUTS=N` tries N losses instead of the few of every run, `MARTLET_SEED=S` others.
 */
import t from 'tap'
import { havePrograms } from '#test/programs.ts'
import { objectsProblem } from './objects.ts'
import { differences, powerCutOptions, record, tryPowerCuts } from './recorder.ts'

t.setTimeout(3_600_000)

/** Enough to find what only some losses show; the first one ends it. */
const BROKEN_CUTS = 400
const WRITER = new URL('./object-writer.ts', import.meta.url)

t.test('whenever the power goes, every acknowledged object is there, whole', async (t) => {
  if (!havePrograms(t, 'strace')) return
  const recording = await record(t, WRITER)
  t.same(differences(recording), [], 'the record is whole')
  const { moments, cuts, wrong } = await tryPowerCuts(t, recording, powerCutOptions(150), objectsProblem)
  t.same(wrong, [], `${cuts} losses of power over ${moments} changes`)
})

for (const variant of ['fsync left out', 'rename before fsync', 'index batch not synced']) {
  t.test(`it can fail: ${variant}`, async (t) => {
    if (!havePrograms(t, 'strace')) return
    const recording = await record(t, WRITER, [], variant)
    const options = { cuts: BROKEN_CUTS, seed: 1, until: 'first_wrong' } as const
    const { wrong, cuts } = await tryPowerCuts(t, recording, options, objectsProblem)
    t.equal(wrong.length, 1, `loss of power ${cuts + 1} shows it: ${wrong[0]}`)
  })
}
