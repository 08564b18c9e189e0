/**
 * Lets the container sync of another cluster in: a request with a signature by the keys of realm and container is allowed
 * as if its owner had sent it, and its `X-Timestamp` is the time of what it writes (OpenStack Swift,
 * `common/middleware/container_sync.py`). A signature that is not good is refused, whoever else may have sent it.
 */

import type { Realms } from '#auth/container-sync/realms.ts'
import { checkSyncAuth, SYNC_AUTH_HEADER } from '#auth/container-sync/sync-signature.ts'
import { parseTimestamp } from '#base/timestamp.ts'
import type { Response } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import { answer, realmOf, textAnswer } from '../answers.ts'
import { parseSwiftPath } from '../swift/swift-path.ts'
import type { ProxyLayer, Transaction } from '../transaction.ts'

export interface ContainerSyncOptions {
  readonly store: Pick<Store, 'containers'>
  /** The realms of this moment. */
  readonly realms: () => Realms
}

const INVALID_TEXT = 'X-Container-Sync-Auth header not valid; contact cluster operator for support.'

export function containerSync(options: ContainerSyncOptions): ProxyLayer {
  return (inner) => async (transaction) => {
    const header = transaction.request.headers[SYNC_AUTH_HEADER]
    if (header === undefined || header === '') return inner(transaction)
    const refusal = await admit(transaction, header, options)
    return refusal ?? inner(transaction)
  }
}

/** Notes what the signature allows; the refusal where it is none. */
async function admit(
  transaction: Transaction,
  header: string,
  { store, realms }: ContainerSyncOptions,
): Promise<Response | undefined> {
  const { method } = transaction.request
  const path = parseSwiftPath(transaction.path)
  if (path.kind !== 'object' && path.kind !== 'container') return undefined
  const { name } = path
  const info = await store.containers.info(transaction, { account: name.account, container: name.container })
  const stated = transaction.statedTime
  const signed = { method, path: transaction.path, timestamp: stated ?? '0' }
  const checked = checkSyncAuth(header, signed, realms(), info?.syncKey)
  if (checked.kind === 'invalid') {
    transaction.log.info({ why: checked.why }, 'a request of container sync is refused')
    return refused(transaction)
  }
  const timestamp = stated === undefined ? undefined : parseTimestamp(stated)
  if (stated !== undefined && timestamp === undefined) return answer(400)
  // Objects are what is synced; nothing else is opened by it.
  if (path.kind === 'container') return undefined
  transaction.grant = { method, name: path.name, reach: 'nothing' }
  transaction.synced = { timestamp }
  return undefined
}

function refused(transaction: Transaction): Response {
  const { headers, ...rest } = textAnswer(401, INVALID_TEXT)
  const realm = `SwiftContainerSync realm="${realmOf(transaction.request.path)}"`
  return { ...rest, headers: { ...headers, 'www-authenticate': realm } }
}

/** What `/info` tells: realms, their clusters, and which of them this one is. */
export function containerSyncSection(
  realms: Realms,
  current: { readonly realm: string; readonly cluster: string } | undefined,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const told = [...realms.values()].filter(({ clusters }) => clusters.size > 0)
  const members = told.map(({ name, clusters }) => {
    const isCurrent = (cluster: string): boolean => current?.realm === name && current.cluster === cluster
    const own = [...clusters.keys()].map((cluster) => [cluster, isCurrent(cluster) ? { current: true } : {}])
    return [name, { clusters: Object.fromEntries(own) }]
  })
  return { container_sync: { realms: Object.fromEntries(members) } }
}
