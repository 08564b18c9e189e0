/** Options of the replicator of objects, `[replicator]`. */
import { bytes, integer } from '#base/option-values.ts'
import { option } from '#base/options.ts'

/** Making copies equal. All of it gives way to clients besides. */
export const replicator = {
  partitions: option({
    name: 'concurrency',
    doc: 'Partitions of a device that are made equal at the same time.',
    parse: integer({ least: 1, most: 64 }),
    default: 4,
    source: 'OpenStack Swift [object-replicator] concurrency is 1',
  }),
  bytesPerSecond: option({
    name: 'bytes_per_second',
    doc: 'Bytes of bodies that a device fetches; 0: no limit.',
    unit: 'bytes',
    parse: bytes,
    default: 0,
    source: 'OpenStack Swift rsync_bwlimit is 0',
  }),
}
