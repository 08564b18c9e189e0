/**
 * The lifecycle of buckets: deletes what the rules of their owners say has come to its end (Amazon S3, "Managing the
 * lifecycle of objects"). The replicas of a container share its keys (`worker/share.ts`), so that every device works on the
 * buckets that it holds and no two do the same; what is done twice all the same comes to the same.
 *
 * Nothing is remembered between passes: rules (asked again with every page) and objects are read anew, and what a pass did
 * not get done, because it was stopped or somebody did not answer, the next one finds again.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { isContainerDeleted } from '#db/container-rules.ts'
import type { Index } from '#db/contract.ts'
import { eachDatabase } from '#db/each-database.ts'
import type { DatabaseState } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import { SETTINGS_FLAG } from '#store/bucket-settings/bucket-settings.ts'
import type { ReplicasThere } from '#store/container-replicas.ts'
import type { ContainerName } from '#store/operation.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { ownerOf } from '#worker/share.ts'
import { BucketPass, type BucketPassOptions } from './bucket-pass.ts'

export interface LifecycleWorkerOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The containers of this device. */
  readonly index: Pick<Index<ObjectRow>, 'databases'>
  /** What is asked and done through; opened at the first pass. */
  readonly parts: () => Promise<LifecycleParts>
  readonly dayMs: number
  /** Between two passes, milliseconds; with short days there are more passes. */
  readonly intervalMs: number
  readonly rest: (how: PassOptions) => Promise<void>
}

export interface LifecycleParts extends Omit<BucketPassOptions, 'clock' | 'dayMs' | 'rest'> {
  /** Settings that outlived their bucket; of those that this device has a part in. */
  readonly leftSettings: LeftSettings
  /** Who shares the container with this device; `undefined` when this device has no part in it. */
  readonly sharing: (name: ContainerName) => Promise<ReplicasThere | undefined>
}

export interface LeftSettings {
  /** Every bucket that has a record, among those that are this device's to look at. */
  buckets(): AsyncIterable<ContainerName>
  /** Removes the record, if there is no such bucket. */
  remove(name: ContainerName): Promise<'removed' | 'in_use' | 'unavailable'>
}

const WHOLE = { first: '0'.repeat(32), end: undefined } as const
/** Passes within a short day. */
const PASSES_PER_DAY = 4

/** Makes the worker of a device. */
export function createLifecycleWorker(options: LifecycleWorkerOptions): Worker {
  const { clock, log, intervalMs, dayMs } = options
  let lagMs = 0
  return passWorker({
    name: 'lifecycle',
    clock,
    log,
    unit: 'objects',
    pauseMs: () => Math.min(intervalMs, dayMs / PASSES_PER_DAY),
    pass: async (pass, how) => {
      const late = { lagMs: 0 }
      const ended = await passOver(options, pass, how, late)
      if (ended === 'complete') await sweep(options, pass, how)
      lagMs = late.lagMs
      pass.set('found', 'lag_seconds', lagMs / 1000)
      return ended
    },
    live: async () => ({ lag_seconds: lagMs / 1000 }),
  })
}

async function passOver(
  options: LifecycleWorkerOptions,
  pass: Pass,
  how: PassOptions,
  late: { lagMs: number },
): Promise<'complete' | 'stopped'> {
  for await (const { state } of eachDatabase(options.index, WHOLE, () => options.rest(how))) {
    if (how.signal.aborted) return 'stopped'
    const name = configured(state)
    if (name === undefined) continue
    const parts = await options.parts()
    const rules = await parts.rules(name)
    if (rules === 'unavailable') {
      pass.count('waiting', 'buckets_unavailable')
      continue
    }
    if (!rules.some(({ status }) => status === 'Enabled')) continue
    const sharing = await parts.sharing(name)
    if (sharing === undefined) continue
    pass.count('found', 'buckets')
    const { own, replicas, away } = sharing
    const isOwn = (key: string): boolean => ownerOf(key, replicas, (replica) => away.has(replica)) === own
    const bucket = new BucketPass({ ...options, ...parts }, { name, isOwn }, pass, how)
    late.lagMs = Math.max(late.lagMs, await bucket.run())
  }
  return 'complete'
}

/** Takes away what a proxy left behind that died while a bucket was deleted. */
async function sweep({ parts, rest }: LifecycleWorkerOptions, pass: Pass, how: PassOptions): Promise<void> {
  const { leftSettings } = await parts()
  for await (const name of leftSettings.buckets()) {
    await rest(how)
    const removed = await leftSettings.remove(name)
    if (removed === 'removed') pass.count('repaired', 'left_settings')
  }
}

/** The container, if its owner configured anything. */
function configured({ info, metadata }: DatabaseState): ContainerName | undefined {
  const { account, container } = info.name
  const flag = metadata.get(SETTINGS_FLAG)?.value ?? ''
  if (container === undefined || flag === '' || isContainerDeleted(info)) return undefined
  return { account, container }
}
