/** `npm run sim`: replays one seed, or explores fresh ones. */
import { parseArgs } from 'node:util'
import { createLogger, type LogLevel } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { describe } from './describe.ts'
import { explore } from './explore.ts'
import { simulate } from './simulation.ts'

const USAGE = `npm run sim -- --seed N [--log LEVEL]      replays one seed; --races P makes P of 100 operations conditional races
npm run sim -- --minutes M [--jobs 2]      explores fresh seeds
npm run sim -- --from N --count C          runs a range of seeds; --stop ends at the first that fails
`

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
      races: { type: 'string', default: '0' },
    },
  })
  if (values.seed !== undefined) {
    return await replay(Number(values.seed), values.log as LogLevel, Number(values.races))
  }
  if (values.minutes === undefined && values.count === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  return await explore({
    minutes: numberOf(values.minutes),
    count: numberOf(values.count),
    from: numberOf(values.from),
    jobs: Number(values.jobs),
    afterViolation: values.stop ? 'stop' : 'go_on',
  })
}

async function replay(seed: number, level: LogLevel, racePercent: number): Promise<number> {
  const startedMs = realClock.monotonicMs()
  const report = await simulate({ seed, racePercent, log: createLogger({ level, clock: realClock }) })
  const seconds = (realClock.monotonicMs() - startedMs) / 1000
  process.stdout.write(`${describe(report)}\n${seconds.toFixed(1)} s\n`)
  return report.violation === undefined ? 0 : 1
}

function numberOf(written: string | undefined): number | undefined {
  return written === undefined ? undefined : Number(written)
}

process.exitCode = await main()
