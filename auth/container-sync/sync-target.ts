/**
 * Where a container is to be synced to: `X-Container-Sync-To: //REALM/CLUSTER/ACCOUNT/CONTAINER`. Only addresses that an
 * operator wrote into the realms can be meant, so that no user makes this cluster call anybody else (OpenStack Swift also
 * takes full URLs; its `allow_full_urls = false` does not).
 */
import { quoted } from '../container-acl.ts'
import type { Realm, Realms } from './realms.ts'

export interface SyncTarget {
  readonly realm: Realm
  /** Address of the container; what stands in it is percent-encoded. */
  readonly url: string
}

export type ParsedSyncTarget =
  | { readonly kind: 'target'; readonly target: SyncTarget }
  /** The header is empty: nothing is synced. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Reasons are Swift's (`common/utils`: `validate_sync_to`). */
export function parseSyncTarget(written: string, realms: Realms): ParsedSyncTarget {
  const value = written.trim().replace(/\/+$/, '')
  if (value === '') return { kind: 'none' }
  if (!value.startsWith('//')) {
    return refused(
      'Full URLs are not allowed for X-Container-Sync-To values. ' +
        'Only realm values of the format //realm/cluster/account/container are allowed.\n',
    )
  }
  const parts = value.slice(2).split('/')
  const [realmName = '', cluster = '', account = '', container = ''] = parts
  if (parts.length !== 4) return refused(`Invalid X-Container-Sync-To format ${quoted(written)}`)
  const realm = realms.get(realmName.toUpperCase())
  if (realm === undefined) return refused(`No realm key for ${quoted(realmName)}`)
  const endpoint = realm.clusters.get(cluster.toUpperCase())
  if (endpoint === undefined || URL.parse(endpoint) === null) {
    return refused(`No cluster endpoint for ${quoted(realmName)} ${quoted(cluster)}`)
  }
  return { kind: 'target', target: { realm, url: `${endpoint.replace(/\/+$/, '')}/${account}/${container}` } }
}

function refused(reason: string): ParsedSyncTarget {
  return { kind: 'refused', reason }
}
