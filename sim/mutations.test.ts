/** The simulation can fail: every deliberately broken variant of the cluster is found by a run of it. */
import { fork } from 'node:child_process'
import t from 'tap'
import type { SeedResult, SeedToRun } from './explore.ts'
import { MUTANTS, type Mutant } from './mutants.ts'

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
  const child = fork(new URL('./seed-process.ts', import.meta.url), {
    env: { ...process.env, MUTANT: name },
    execArgv: ['--import', new URL('./mutate.ts', import.meta.url).href],
  })
  try {
    for (const seed of seeds) {
      checks.push(await checkBroken(child, seed))
      if (checks.at(-1) !== '') break
    }
  } finally {
    child.kill('SIGKILL')
  }
  return checks
}

function checkBroken(child: ReturnType<typeof fork>, seed: number): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve((message as SeedResult).check))
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)))
    child.send({ seed, choices: {} } satisfies SeedToRun)
  })
}
