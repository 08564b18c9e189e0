/**
 * What accounts and containers use, read from the storage servers. An account's own figures lag behind its containers'
 * (they report now and then), so those that were written to lately are asked themselves.
 */
import type { StoragePolicies } from '#backend/policies.ts'
import type { Store } from '../contract.ts'
import type { AccountName, ContainerName, OperationContext } from '../operation.ts'

export interface Usage {
  readonly bytes: number
  readonly count: number
}

export interface AccountUsage extends Usage {
  /** Of the containers of one storage policy. */
  readonly policy: Usage
}

export const NOTHING: Usage = { bytes: 0, count: 0 }

export function sumOf(left: Usage, right: Usage): Usage {
  return { bytes: left.bytes + right.bytes, count: left.count + right.count }
}

function differenceOf(left: Usage, right: Usage): Usage {
  return { bytes: left.bytes - right.bytes, count: left.count - right.count }
}

export class UsageReader {
  readonly #store: Store
  readonly #policies: StoragePolicies | undefined

  constructor(store: Store, policies: StoragePolicies | undefined) {
    this.#store = store
    this.#policies = policies
  }

  /** `undefined` when nobody can tell. */
  async ofContainer(context: OperationContext, name: ContainerName): Promise<Usage | undefined> {
    const read = await this.#store.containers.read(context, name, { newest: true })
    if (read.kind !== 'found') return undefined
    return { bytes: read.info.bytesUsed, count: read.info.objectCount }
  }

  /** `lately`: containers whose own figures count, not those that the account has of them. */
  async ofAccount(
    context: OperationContext,
    name: AccountName,
    about: { readonly policyIndex: number; readonly lately: readonly string[] },
  ): Promise<AccountUsage | undefined> {
    const read = await this.#store.accounts.read(context, name, {})
    if (read.kind !== 'found') return undefined
    const policy = this.#policies?.byIndex(about.policyIndex)?.name.toLowerCase()
    const prefix = `x-account-storage-policy-${policy ?? ''}`
    const total = { bytes: read.info.bytesUsed, count: read.info.objectCount }
    const ofPolicy = {
      bytes: Number(read.headers[`${prefix}-bytes-used`] ?? 0),
      count: Number(read.headers[`${prefix}-object-count`] ?? 0),
    }
    const changes = await Promise.all(
      about.lately.map((container) => this.#unreported(context, name, container)),
    )
    const inPolicy = changes.filter(({ policyIndex }) => policyIndex === about.policyIndex)
    return {
      ...changes.reduce<Usage>(sumOf, total),
      policy: inPolicy.reduce<Usage>(sumOf, ofPolicy),
    }
  }

  /** What a container has that its account does not know of yet. */
  async #unreported(
    context: OperationContext,
    { account }: AccountName,
    container: string,
  ): Promise<Usage & { readonly policyIndex: number | undefined }> {
    const listing = { prefix: container, limit: 1, reverse: false }
    const [own, listed] = await Promise.all([
      this.#store.containers.read(context, { account, container }, { newest: true }),
      this.#store.accounts.read(context, { account }, { listing }),
    ])
    if (own.kind !== 'found' || listed.kind !== 'found') return { ...NOTHING, policyIndex: undefined }
    const row = listed.page?.entries().find((entry) => entry.kind === 'container' && entry.name === container)
    const reported = row?.kind === 'container' ? { bytes: row.bytesUsed, count: row.objectCount } : NOTHING
    const now = { bytes: own.info.bytesUsed, count: own.info.objectCount }
    return { ...differenceOf(now, reported), policyIndex: own.info.policyIndex }
  }
}
