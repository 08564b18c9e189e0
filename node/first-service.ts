/**
 * Is this the first time that a host serves its cluster? Only then may `--new-cluster` be believed, which says that a device
 * without any state has lost nothing; left in a unit file, it must not make a replaced device vote.
 *
 * Two things tell. A mark beside the devices, on the host's own disk, durable before the host says that it is ready. And the
 * age of the cluster file, for a host that is replaced as a whole, with the same unit file.
 */
import { join } from 'node:path'
import type { Environment } from '#base/environment.ts'
import type { ClusterFile } from './cluster-file.ts'
import { readIfThere, writeDurably } from './durable-file.ts'

const MARK = '.martlet-served'
/** A cluster is believed to be new for so long after `martlet cluster create`. */
const NEW_FOR_HOURS = 24
const HOUR_MS = 3_600_000

export interface HostPlace {
  readonly cluster: ClusterFile
  readonly devicesPath: string
}

export interface NotFirst {
  /** Why, for a person. */
  readonly reason: string
}

/** `first`, or why devices without state must count as replaced. Rejects with the disk's errors. */
export async function isFirstService(
  { disk, clock }: Environment,
  { cluster, devicesPath }: HostPlace,
): Promise<'first' | NotFirst> {
  const path = markPath(devicesPath)
  const marked = await readIfThere(disk, path)
  if (marked !== undefined) return { reason: `this host has served before (${path})` }
  const hours = Math.floor((clock.wallMs() - cluster.createdMs) / HOUR_MS)
  if (cluster.createdMs === 0) return { reason: 'the cluster file does not say when it was made (createdMs)' }
  return hours < NEW_FOR_HOURS ? 'first' : { reason: `the cluster file was made ${hours} hours ago` }
}

/** Durable when resolved. Rejects with the disk's errors. */
export async function markServed({ disk }: Environment, { cluster, devicesPath }: HostPlace): Promise<void> {
  const path = markPath(devicesPath)
  if ((await readIfThere(disk, path)) !== undefined) return
  await writeDurably(disk, path, Buffer.from(`${cluster.id}\n`))
}

function markPath(devicesPath: string): string {
  return join(devicesPath, MARK)
}
