/**
 * Under another salt every stored name has another hash, and every good file looks damaged. So a device remembers which
 * salt it was filled under, as a digest that does not tell it, and is not opened under another one. Where that note is
 * lost, the files say it.
 */
import { hash as digestOf } from 'node:crypto'
import type { KvStore } from '#base/environment.ts'
import type { HashPathSalt } from '#base/names.ts'
import { writeSynced } from '#kv/group-commit.ts'
import type { SaltEvidence } from './salt-evidence.ts'

const KEY = Buffer.from('salt')

export interface FilledDevice {
  readonly path: string
  /** What its files say, asked when nothing is noted. */
  readonly evidence: () => Promise<SaltEvidence>
}

/** Durably notes the salt of a device that has none noted. Rejects, with a sentence, when it was filled under another. */
export async function claimSalt(state: KvStore, salt: HashPathSalt, device: FilledDevice): Promise<void> {
  const ours = fingerprintOf(salt)
  const noted = await state.get(KEY)
  if (noted === undefined && (await device.evidence()) !== 'foreign') {
    return await writeSynced(state, [{ type: 'put', key: KEY, value: ours }])
  }
  if (noted?.equals(ours) === true) return
  throw new Error(
    `the device ${device.path} belongs to a cluster with another hash salt; start it with that cluster's file`,
  )
}

/** SHA-256 of a label, prefix and suffix, each ended by a zero byte. */
function fingerprintOf({ prefix, suffix }: HashPathSalt): Buffer {
  return digestOf('sha256', `martlet hash salt\0${prefix}\0${suffix}\0`, 'buffer')
}
