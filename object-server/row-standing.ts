/**
 * Is a container row of long ago still true? Tombstones that could contradict it may be gone everywhere, so the object
 * itself must say so: the device has exactly this version of it, and may count on what it has; or, where nothing of it
 * lies here any more because it was handed over or lost, a primary has, and a majority of them could be asked.
 */

import { rangeOfHash } from '#backend/range-states.ts'
import { isStaleVoice } from '#backend/sync-ledger.ts'
import type { ContainerUpdate } from './container-update.ts'
import type { ObjectDevice } from './device.ts'
import { postedAt } from './meta-record.ts'
import { type Entry, entryOf } from './replication/entry.ts'
import type { Witnesses } from './row-witnesses.ts'

/** `unknown`: nobody can tell now; ask again. */
export type RowStanding = 'stands' | 'outdated' | 'unknown'

/** A deletion takes nothing away that came later; tasks and other rows of hidden accounts are judged where they arrive. */
function needsNoWitness({ method, account }: ContainerUpdate): boolean {
  return method === 'DELETE' || account.startsWith('.')
}

export async function standingOfRow(
  device: Pick<ObjectDevice, 'replica' | 'ledger'>,
  update: ContainerUpdate,
  witnesses: Witnesses,
): Promise<RowStanding> {
  if (needsNoWitness(update)) return 'stands'
  const policyIndex = Number(update.headers['x-backend-storage-policy-index'] ?? 0)
  const [replica, ledger] = [device.replica(policyIndex), device.ledger(policyIndex)]
  if (replica === undefined || ledger === undefined) return 'unknown'
  const hash = replica.hashOf(`/${update.account}/${update.container}/${update.object}`)
  if (isStaleVoice(ledger.voice(rangeOfHash(hash)))) return 'unknown'
  const states = await replica.states([hash])
  if ('kind' in states) return 'unknown'
  const own = states.map(({ state }) => entryOf(hash, state))
  if (own.some((entry) => isOf(update, entry))) return 'stands'
  if (own.some(({ data, tombstone }) => data !== undefined || tombstone !== undefined)) return 'outdated'
  const told = await witnesses(policyIndex, hash)
  if (told === 'too_few') return 'unknown'
  return told.some((entry) => isOf(update, entry)) ? 'stands' : 'outdated'
}

function isOf({ timestamp }: ContainerUpdate, { data, meta, tombstone }: Entry): boolean {
  if (data === undefined || tombstone !== undefined) return false
  return timestamp === data.timestamp || timestamp === postedAt(meta)
}
