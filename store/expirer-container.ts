/**
 * Which container of the expirer's hidden account holds the task to delete an object (OpenStack Swift, `common/utils`:
 * `get_expirer_container`, `normalize_delete_at_timestamp`): named by the time, and spread by the object's hash.
 */
import { type HashPathSalt, hashName } from '#base/names.ts'
import type { ObjectName } from './operation.ts'

/** Containers that the tasks of one period are spread over. */
const SPREAD = 100n
const LARGEST_SECONDS = 9_999_999_999

/** `deleteAt` in seconds since the epoch. */
export function expirerContainer(
  deleteAt: number,
  divisorSeconds: number,
  name: ObjectName,
  salt: HashPathSalt,
): string {
  const shard = Number(BigInt(`0x${hashName(name, salt)}`) % SPREAD)
  return tenDigits(Math.floor(deleteAt / divisorSeconds) * divisorSeconds - shard)
}

/** Seconds as they are stored and compared: ten digits, what does not fit is cut off. */
export function tenDigits(seconds: number): string {
  return String(Math.min(Math.max(0, Math.floor(seconds)), LARGEST_SECONDS)).padStart(10, '0')
}
