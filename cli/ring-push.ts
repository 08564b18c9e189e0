/** `martlet ring push`. What it does is loaded when it is called: no other command of `martlet ring` speaks to a cluster. */
import type { Command } from 'commander'
import type { PushArguments } from './push-rings.ts'
import { action, type RingCommandContext } from './ring-context.ts'

/** Mounts the command. */
export function addPush(ring: Command, context: RingCommandContext): void {
  const command = ring
    .command('push')
    .description(
      'give rings to every node; each checks them, keeps the one before, and says that it uses them',
    )
  command
    .argument(
      '[rings...]',
      'files such as object.ring.gz; all in the directory of the rings if none is named',
    )
    .option('--data <directory>', 'directory of a cluster of `martlet start` (MARTLET_DATA)')
    .option('--config <file>', 'configuration file of a host of the cluster')
    .option('--json', 'print the outcome as JSON')
  action(command, async (files: string[], options: PushArguments) => {
    await (await import('./push-rings.ts')).pushRings(context, files, options)
  })
}
