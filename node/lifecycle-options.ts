/** Options of the worker that acts by the lifecycle rules of buckets, `[lifecycle]`. */
import { duration, integer } from '#base/option-values.ts'
import { option } from '#base/options.ts'
import { REAL_DAY_MS } from '#store/bucket-settings/lifecycle-rules.ts'

export const lifecycle = {
  intervalMs: option({
    name: 'interval',
    doc: 'Between two passes over the buckets of a device.',
    unit: 'seconds',
    parse: duration,
    default: 3_600_000,
    source: 'decision: Amazon S3 runs rules once a day',
  }),
  objectsPerSecond: option({
    name: 'objects_per_second',
    doc: 'Objects that each device looks at because they may be due.',
    parse: integer({ least: 1, most: 100_000 }),
    default: 50,
    source: 'decision: as tasks_per_second of the expirer',
  }),
  dayMs: option({
    name: 'day',
    doc: 'How long a day of the rules is. Tests make it short, as MARTLET_LIFECYCLE_DAY_SECONDS does.',
    unit: 'seconds',
    parse: duration,
    default: REAL_DAY_MS,
    source: 'decision',
  }),
}
