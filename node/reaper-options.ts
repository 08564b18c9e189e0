/** Options of the reaper of deleted accounts, `[reaper]`. */
import { duration, integer } from '#base/option-values.ts'
import { option } from '#base/options.ts'

export const reaper = {
  delayMs: option({
    name: 'delay_reaping',
    doc: 'How long a deleted account is left as it is before what it holds is deleted.',
    unit: 'seconds',
    parse: duration,
    default: 0,
    source: 'OpenStack Swift [account-reaper] delay_reaping',
  }),
  concurrency: option({
    name: 'concurrency',
    doc: 'How much of deleted accounts a device deletes at the same time.',
    unit: 'objects',
    parse: integer({ least: 1, most: 256 }),
    default: 25,
    source: 'OpenStack Swift [account-reaper] concurrency',
  }),
}
