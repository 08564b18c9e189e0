/**
 * Seeds that nobody has run before: for as many minutes as `MARTLET_SIM_MINUTES` says, and until `MARTLET_SIM_SEEDS` of
 * them were run, in `MARTLET_SIM_JOBS` processes at a time. A seed that finds something is printed with its history; it
 * belongs into `seeds.json`.
 */
import t from 'tap'
import { explore, summaryOf } from './explore.ts'

const MINUTES = Number(process.env['MARTLET_SIM_MINUTES'] ?? 0.25)
const JOBS = Number(process.env['MARTLET_SIM_JOBS'] ?? 1)
const SEEDS = Number(process.env['MARTLET_SIM_SEEDS'] ?? 1)
/** Overtime, and the seeds under way at the end. */
const PATIENCE_MS = MINUTES * 2 * 60_000 + 600_000

t.setTimeout(PATIENCE_MS)

t.test('fresh seeds keep every promise', async (t) => {
  const explored = await explore({
    minutes: MINUTES,
    least: SEEDS,
    count: undefined,
    from: undefined,
    jobs: JOBS,
    afterViolation: 'go_on',
    print: (line) => t.comment(line),
  })
  t.comment(summaryOf(explored))
  t.same(
    explored.failed.map(({ seed, check }) => `${check}: npm run sim -- --seed ${seed}`),
    [],
  )
  t.ok(explored.seeds >= SEEDS, `${explored.seeds} of ${SEEDS} seeds`)
})
