/** `npm run sim`: replays one seed, or explores fresh ones. */
import { parseArgs } from 'node:util'
import { createLogger, type LogLevel } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { describe } from './describe.ts'
import { explore, summaryOf } from './explore.ts'
import { choicesOf, RUN_OPTIONS, RUN_USAGE } from './replay.ts'
import { type SimulationOptions, simulate } from './simulation.ts'

const USAGE = `npm run sim -- --seed N [--log LEVEL]      replays one seed
npm run sim -- --minutes M [--jobs 2]      explores fresh seeds
npm run sim -- --from N --count C          runs a range of seeds; --stop ends at the first that fails
with all of them:
${RUN_USAGE}`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      from: { type: 'string' },
      count: { type: 'string' },
      log: { type: 'string', default: 'silent' },
      stop: { type: 'boolean', default: false },
      ...RUN_OPTIONS,
    },
  })
  const choices = choicesOf(values)
  if (values.seed !== undefined) {
    return await replay({
      ...choices,
      seed: Number(values.seed),
      log: createLogger({ level: values.log as LogLevel, clock: realClock }),
    })
  }
  if (values.minutes === undefined && values.count === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  const explored = await explore({
    minutes: numberOf(values.minutes),
    count: numberOf(values.count),
    from: numberOf(values.from),
    jobs: Number(values.jobs),
    choices,
    afterViolation: values.stop ? 'stop' : 'go_on',
    print,
  })
  print(summaryOf(explored))
  return explored.failed.length === 0 ? 0 : 1
}

async function replay(options: SimulationOptions): Promise<number> {
  const startedMs = realClock.monotonicMs()
  const report = await simulate(options)
  const seconds = (realClock.monotonicMs() - startedMs) / 1000
  print(`${describe(report)}\n${seconds.toFixed(1)} s`)
  return report.violation === undefined ? 0 : 1
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function numberOf(written: string | undefined): number | undefined {
  return written === undefined ? undefined : Number(written)
}

process.exitCode = await main()
