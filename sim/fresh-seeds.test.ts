/**
 * Seeds that nobody has run before: for as many minutes as `MARTLET_SIM_MINUTES` says, and until `MARTLET_SIM_SEEDS` of
 * them were run, in `MARTLET_SIM_JOBS` processes at a time. A seed that finds something is printed with its history; it
 * belongs into `seeds.json`. `MARTLET_SIM_VERDICT=fail` makes it a failure, too few seeds as well; otherwise it is only
 * told, so that what chance brings to light once does not stop a change that has nothing to do with it.
 */
import t from 'tap'
import { explore, summaryOf } from './explore.ts'

const MINUTES = Number(process.env['MARTLET_SIM_MINUTES'] ?? 0.25)
const JOBS = Number(process.env['MARTLET_SIM_JOBS'] ?? 1)
const SEEDS = Number(process.env['MARTLET_SIM_SEEDS'] ?? 1)
const VERDICT = process.env['MARTLET_SIM_VERDICT'] ?? 'tell'
/** Overtime, and the seeds under way at the end. */
const PATIENCE_MS = MINUTES * 2 * 60_000 + 600_000

t.setTimeout(PATIENCE_MS)

t.test('fresh seeds are run', async (t) => {
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
  t.ok(explored.seeds > 0)
  if (VERDICT !== 'fail') return
  t.ok(explored.seeds >= SEEDS, `${explored.seeds} of ${SEEDS} seeds`)
  t.same(
    explored.failed.map(({ replay, check }) => `${check}: ${replay}`),
    [],
  )
})
