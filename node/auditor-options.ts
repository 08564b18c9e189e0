/** Options of the auditors, `[auditor]`, and of the expirer, `[expirer]`. */
import { bytes, duration, integer, oneOf } from '#base/option-values.ts'
import { option } from '#base/options.ts'

const OURS = 'decision'
const DAY_SECONDS = 86_400

/** Reading everything back. All rates give way to clients besides. */
export const auditor = {
  filesPerSecond: option({
    name: 'files_per_second',
    doc: 'Objects of a device that are read whole, with all their bytes, at most: no more than takes a tenth of `every`, or 5.',
    parse: integer({ least: 1, most: 1_000_000 }),
    default: 50,
    source: 'decision: OpenStack Swift files_per_second is 20 for all devices of a host',
  }),
  bytesPerSecond: option({
    name: 'bytes_per_second',
    doc: 'Bytes of bodies of a device that are read.',
    unit: 'bytes',
    parse: bytes,
    default: 10_000_000,
    source: 'OpenStack Swift bytes_per_second',
  }),
  quickFilesPerSecond: option({
    name: 'quick_files_per_second',
    doc: 'Objects of a device whose files are held against the index without reading their bodies, at most: no more than takes a tenth of `quick_every`, or 50.',
    parse: integer({ least: 1, most: 1_000_000 }),
    default: 500,
    source: 'decision: OpenStack Swift zero_byte_files_per_second is 50',
  }),
  rowsPerSecond: option({
    name: 'rows_per_second',
    doc: 'Rows of the account and container indexes of a device that are counted.',
    parse: integer({ least: 1, most: 10_000_000 }),
    default: 20_000,
    source: OURS,
  }),
  everyMs: option({
    name: 'every',
    doc: 'From the end of one full pass to the beginning of the next.',
    unit: 'seconds',
    parse: duration,
    default: 7 * DAY_SECONDS * 1000,
    source: OURS,
  }),
  quickEveryMs: option({
    name: 'quick_every',
    doc: 'The same for the pass over objects without their bodies, and for the pass over the indexes.',
    unit: 'seconds',
    parse: duration,
    default: DAY_SECONDS * 1000,
    source: OURS,
  }),
  listingsPerSecond: option({
    name: 'listings_per_second',
    doc: 'Names per second of which listing and objects are held against each other.',
    parse: integer({ least: 1, most: 1_000_000 }),
    default: 20,
    source: OURS,
  }),
  listingGraceMs: option({
    name: 'listing_grace',
    doc: 'What was written later than so long ago may still be on its way into the listing.',
    unit: 'seconds',
    parse: duration,
    default: DAY_SECONDS * 1000,
    source: 'OpenStack Swift dark_data grace_age is a week',
  }),
  listingRepair: option<'report' | 'repair'>({
    name: 'listings',
    doc: 'What to do about rows without an object and objects without a row: report them, or repair the listing.',
    parse: oneOf(['report', 'repair']),
    default: 'report',
    source: 'OpenStack Swift dark_data action is log',
  }),
}

/** Deleting what has expired. */
export const expirer = {
  intervalMs: option({
    name: 'interval',
    doc: 'Between two looks for objects that have expired.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'decision: OpenStack Swift interval is 300; clients see nothing of it',
  }),
  concurrency: option({
    name: 'concurrency',
    unit: 'objects',
    doc: 'Objects that each device deletes together: what they ask of one storage node is one request.',
    parse: integer({ least: 1, most: 10_000 }),
    default: 200,
    source: 'decision: four seconds of tasks_per_second; OpenStack Swift concurrency is 1',
  }),
  tasksPerSecond: option({
    name: 'tasks_per_second',
    doc: 'Objects that each device deletes.',
    parse: integer({ least: 1, most: 100_000 }),
    default: 50,
    source: 'OpenStack Swift tasks_per_second',
  }),
}
