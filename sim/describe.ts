/** A run in words. */
import { replayCommand } from './replay.ts'
import type { SimulationReport } from './simulation.ts'

/** One line of what was done, what went wrong on purpose, and, of a failed run, how it came to it. */
export function describe(report: SimulationReport): string {
  const { seed, digest, events, virtualSeconds, operations, acknowledged, faults, violation } = report
  const verdict = violation === undefined ? 'good' : `VIOLATION of ${violation.check}`
  const lines = [
    `seed ${seed}: ${verdict}, ${operations} operations (${acknowledged} acknowledged), ${events} events in ${virtualSeconds.toFixed(0)} virtual seconds`,
    `faults: ${faults.join(', ')}`,
    `event log ${digest}`,
  ]
  if (violation === undefined) return lines.join('\n')
  return [...lines, ...report.history, violation.message, `replay: ${replayOf(report)}`].join('\n')
}

/** The command that does the same run again, broken variant included. */
export function replayOf({ seed, choices }: Pick<SimulationReport, 'seed' | 'choices'>): string {
  return replayCommand(seed, choices, process.env['MUTANT'])
}
