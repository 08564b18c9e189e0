/** Names of properties that users may not set, and what they are told (OpenStack Glance, `api/v2/images.py`, `domain`). */
import { forbidden, type Refusal } from '../refusal.ts'

/** Written by the server alone. */
const READ_ONLY: ReadonlySet<string> = new Set(
  'created_at updated_at status checksum size virtual_size direct_url self file schema id os_hash_algo os_hash_value stores'.split(
    ' ',
  ),
)
/** They meant something in old versions. */
const RESERVED: ReadonlySet<string> = new Set(['location', 'deleted', 'deleted_at'])
const RESERVED_PREFIX = 'os_glance'

/** 403 for what nobody may set, when an image is made (`id` may be chosen then) or changed. */
export function refusedName(name: string, when: 'create' | 'change'): Refusal | undefined {
  if (READ_ONLY.has(name) && !(when === 'create' && name === 'id')) {
    return forbidden(`Attribute '${name}' is read-only.`)
  }
  if (RESERVED.has(name) || name.startsWith(RESERVED_PREFIX))
    return forbidden(`Attribute '${name}' is reserved.`)
  return undefined
}
