/**
 * Who does which tasks of a container: its replicas share them by the names, so that every storage node of
 * the cluster works, none waits for another and no two do the same. Tasks of a replica that is away fall to the others.
 * Pure.
 */
import { hash as digestOf } from 'node:crypto'

/**
 * Tasks as late as this are done by whoever sees them: their owner lives, but does not get on. Longer than a million tasks
 * that are due at once take on few devices, or all would do the same. Seconds.
 */
export const TAKE_OVER_AFTER_SECONDS = 6 * 3600

/**
 * Position of the replica that does a task, among `replicas`; `isAway` tells who is not there. `undefined` when nobody is.
 */
export function ownerOf(
  row: string,
  replicas: number,
  isAway: (replica: number) => boolean,
): number | undefined {
  const first = digestOf('md5', row, 'buffer').readUInt32BE(0) % Math.max(1, replicas)
  for (let step = 0; step < replicas; step += 1) {
    const replica = (first + step) % replicas
    if (!isAway(replica)) return replica
  }
  return undefined
}
