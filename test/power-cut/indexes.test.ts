/**
 * The indexes of containers and accounts on a real LevelDB, under a recorder of its system calls, as the objects are
 * (`objects.test.ts`): no acknowledged row is lost, and counters and digests are always those of the rows.
 */
import t, { type Test } from 'tap'
import { havePrograms } from '#test/programs.ts'
import { INDEXES, type IndexUnderTest, indexProblem } from './indexes.ts'
import { differences, powerCutOptions, record, tryPowerCuts } from './recorder.ts'

t.setTimeout(3_600_000)

const WRITER = new URL('./index-writer.ts', import.meta.url)
/** More than LevelDB keeps in memory (8 MiB): it begins a new log and a table file. */
const FILLERS = 4000

async function nothingIsLost<Row>(
  t: Test,
  kind: 'containers' | 'accounts',
  under: IndexUnderTest<Row>,
  options: { readonly cuts: number; readonly fillers: number },
): Promise<void> {
  if (!havePrograms(t, 'strace')) return
  const recording = await record(t, WRITER, [kind, String(options.fillers)])
  t.same(differences(recording), [], 'the record is whole')
  const check = (cut: Parameters<typeof indexProblem>[1]): Promise<string | undefined> =>
    indexProblem(under, cut)
  const { moments, cuts, wrong } = await tryPowerCuts(t, recording, powerCutOptions(options.cuts), check)
  t.same(wrong, [], `${cuts} losses of power over ${moments} changes`)
}

t.test('whenever the power goes, every acknowledged row of a container is there', (t) =>
  nothingIsLost(t, 'containers', INDEXES.containers, { cuts: 120, fillers: 0 }),
)

t.test('and every acknowledged row of an account', (t) =>
  nothingIsLost(t, 'accounts', INDEXES.accounts, { cuts: 80, fillers: 0 }),
)

const isLong = process.env['MARTLET_POWER_CUTS'] !== undefined

t.test(
  'also while LevelDB begins a new log and writes a table',
  { skip: !isLong && 'only in long runs' },
  (t) => nothingIsLost(t, 'containers', INDEXES.containers, { cuts: 100, fillers: FILLERS }),
)
