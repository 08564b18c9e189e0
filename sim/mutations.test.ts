/** The simulation can fail: every deliberately broken variant of the cluster is found by a run of it. */
import t from 'tap'
import { MUTANTS, type Mutant } from './mutants.ts'
import { SeedRunner } from './seed-runner.ts'

/** On a machine with much else to do, milliseconds. */
const PATIENCE_MS = 900_000

t.setTimeout(PATIENCE_MS)

for (const mutant of MUTANTS) {
  t.test(`found: ${mutant.name}`, async (t) => {
    const checks = await runMutant(mutant)
    t.ok(
      checks.some((check) => check !== ''),
      `seeds ${mutant.seeds.join(', ')} of "${mutant.name}" end with ${checks.join(', ')}`,
    )
  })
}

/** What each seed of the variant breaks, until one breaks something; empty for nothing. */
async function runMutant({ name, seeds }: Mutant): Promise<readonly string[]> {
  const checks: string[] = []
  const runner = new SeedRunner(name)
  try {
    for (const seed of seeds) {
      const { check } = await runner.run({ seed, choices: {} })
      if (check === 'died') throw new Error(`the process of seed ${seed} has died`)
      checks.push(check)
      if (check !== '') break
    }
  } finally {
    runner.stop()
  }
  return checks
}
