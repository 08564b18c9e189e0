/** Options of the worker that replicates buckets to others of the cluster, `[bucket_replication]`. */
import { duration, integer } from '#base/option-values.ts'
import { option } from '#base/options.ts'

export const bucketReplication = {
  intervalMs: option({
    name: 'interval',
    doc: 'Between two looks at what is new in the replicated buckets of a device.',
    unit: 'seconds',
    parse: duration,
    default: 5_000,
    source: 'decision',
  }),
  discoveryMs: option({
    name: 'discovery',
    doc: 'Between two looks through all containers of a device for buckets that are replicated.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'decision',
  }),
  containerTimeMs: option({
    name: 'container_time',
    doc: 'Longest time for one bucket in a pass; it goes on from there in the next.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'OpenStack Swift [container-sync] container_time',
  }),
  takeOverMs: option({
    name: 'take_over',
    doc: 'How old a version is when another device replicates it, because its own did not.',
    unit: 'seconds',
    parse: duration,
    default: 300_000,
    source: 'decision: longer than most copies take',
  }),
  versionsPerSecond: option({
    name: 'versions_per_second',
    doc: 'Versions that each device looks at because they may have to be replicated.',
    parse: integer({ least: 1, most: 100_000 }),
    default: 200,
    source: 'decision',
  }),
}
