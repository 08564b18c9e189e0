/**
 * Seeds that nobody has run before, for as many minutes as `MARTLET_SIM_MINUTES` says, on as many cores as
 * `MARTLET_SIM_JOBS` says. A seed that finds something is printed with its history; it belongs into `seeds.json`.
 */
import t from 'tap'
import { explore, summaryOf } from './explore.ts'

const MINUTES = Number(process.env['MARTLET_SIM_MINUTES'] ?? 0.25)
const JOBS = Number(process.env['MARTLET_SIM_JOBS'] ?? 1)
/** Fewer seeds in a minute of one core mean that runs have become too dear, or the machine is very busy. */
const SEEDS_PER_MINUTE_LEAST = Number(process.env['MARTLET_SIM_SEEDS_LEAST'] ?? 0)
/** The last seeds may take longer than the time given. */
const PATIENCE_MS = MINUTES * 60_000 + 600_000

t.setTimeout(PATIENCE_MS)

t.test('fresh seeds keep every promise', async (t) => {
  const options = { minutes: MINUTES, count: undefined, from: undefined, jobs: JOBS } as const
  const explored = await explore({ ...options, afterViolation: 'go_on', print: (line) => t.comment(line) })
  t.comment(summaryOf(explored))
  t.same(
    explored.failed.map(({ seed, check }) => `${check}: npm run sim -- --seed ${seed}`),
    [],
  )
  t.ok(explored.seeds >= Math.max(1, SEEDS_PER_MINUTE_LEAST), `${explored.seeds} seeds`)
})
