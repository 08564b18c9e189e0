/**
 * `martlet ring …`: builders and rings from the command line. Every command reads one builder file, changes it and
 * writes it back, or only reports; a mistake gives one sentence and a non-zero exit code, and changes nothing.
 */
import { Command } from 'commander'
import type { RingCommandContext } from './ring-context.ts'
import { addDeviceCommands } from './ring-devices.ts'
import { addPartPower } from './ring-part-power.ts'
import { addPush } from './ring-push.ts'
import { addRebalance } from './ring-rebalance.ts'
import { addNodes, addReports } from './ring-reports.ts'
import { addCreation, addSettings } from './ring-settings.ts'

/** The command `ring` with all its subcommands, for mounting into `martlet`. */
export function ringCommand(
  environment: RingCommandContext['environment'],
  print: RingCommandContext['print'] = (text) => void process.stdout.write(`${text}\n`),
): Command {
  const context = { environment, print }
  const ring = new Command('ring').description('make rings, look into them, look names up in them')
  addCreation(ring, context)
  addDeviceCommands(ring, context)
  addSettings(ring, context)
  addRebalance(ring, context)
  addPartPower(ring, context)
  addPush(ring, context)
  addReports(ring, context)
  addNodes(ring, context)
  return ring
}
