/**
 * ETags in quotes, as RFC 9110 (section 8.8.3) wants them and caches need them, for accounts and containers that ask for
 * it; Swift's own clients have always been given them bare (OpenStack Swift, `common/middleware/etag_quoter.py`).
 *
 * `X-Container-Rfc-Compliant-Etags` (and `-Account-`) of a request is kept as system metadata, and shown again.
 */
import type { HeaderMap, Response } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import type { AccountName, ContainerName, ObjectName } from '#store/operation.ts'
import { parseSwiftPath } from '../swift/swift-path.ts'
import { isTrue } from '../swift/visit.ts'
import type { ProxyHandler, ProxyLayer, Transaction } from '../transaction.ts'

export interface EtagQuoterOptions {
  readonly store: Store
  /** For accounts and containers that do not say. */
  readonly default: 'quoted' | 'bare'
}

const SUFFIX = 'rfc-compliant-etags'

export function etagQuoter(options: EtagQuoterOptions): ProxyLayer {
  return (inner) => async (transaction) => {
    if (!transaction.path.startsWith('/v1')) return inner(transaction)
    const path = parseSwiftPath(transaction.path)
    switch (path.kind) {
      case 'refused':
        return inner(transaction)
      case 'account':
        return withSetting(transaction, 'account', inner)
      case 'container': {
        // The home page of a website is an object that is shown under its container's name.
        const response = await withSetting(transaction, 'container', inner)
        return quotedWhereWanted(options, transaction, path.name, response)
      }
      case 'object':
        return quotedWhereWanted(options, transaction, path.name, await inner(transaction))
    }
  }
}

/** Keeps what the request says, and shows what is kept. */
async function withSetting(
  transaction: Transaction,
  of: 'account' | 'container',
  inner: ProxyHandler,
): Promise<Response> {
  const shownName = `x-${of}-${SUFFIX}`
  const keptName = `x-${of}-sysmeta-${SUFFIX}`
  const { headers } = transaction.request
  const kept = keptValue(headers, shownName, `x-remove-${of}-${SUFFIX}`)
  if (kept !== undefined) {
    transaction.request = { ...transaction.request, headers: { ...headers, [keptName]: kept } }
  }
  const response = await inner(transaction)
  const { [keptName]: value, ...others } = response.headers
  return value === undefined ? response : { ...response, headers: { ...others, [shownName]: value } }
}

/** An empty value removes the setting. */
function keptValue(headers: HeaderMap, name: string, removal: string): string | undefined {
  if ((headers[removal] ?? '') !== '') return ''
  const said = headers[name]
  if (said === undefined || said === '') return said
  return isTrue(said) ? 'True' : 'False'
}

async function quotedWhereWanted(
  { store, default: byDefault }: EtagQuoterOptions,
  transaction: Transaction,
  { account, container }: ObjectName | ContainerName,
  response: Response,
): Promise<Response> {
  const { etag } = response.headers
  if (typeof etag !== 'string' || isQuoted(etag)) return response
  const setting =
    (await settingOfContainer(store, transaction, { account, container })) ??
    (await settingOfAccount(store, transaction, { account }))
  const isWanted = setting === undefined ? byDefault === 'quoted' : isTrue(setting)
  return isWanted ? { ...response, headers: { ...response.headers, etag: `"${etag}"` } } : response
}

async function settingOfContainer(
  store: Store,
  transaction: Transaction,
  name: ContainerName,
): Promise<string | undefined> {
  return (await store.containers.info(transaction, name))?.metadata[`x-container-sysmeta-${SUFFIX}`]
}

async function settingOfAccount(
  store: Store,
  transaction: Transaction,
  name: AccountName,
): Promise<string | undefined> {
  return (await store.accounts.info(transaction, name))?.metadata[`x-account-sysmeta-${SUFFIX}`]
}

function isQuoted(etag: string): boolean {
  return (etag.startsWith('"') || etag.startsWith('W/"')) && etag.endsWith('"')
}
