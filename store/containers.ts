/** Containers: reading, creating, changing, deleting (OpenStack Swift, `proxy/controllers/container.py`). */

import { readConfirmed } from '#cluster/confirmed-read.ts'
import { type ChangePositions, type ChangesRead, readChanges } from '#cluster/container-changes.ts'
import { fanOutWrite } from '#cluster/fan-out-write.ts'
import { type Listing, listAgreed } from '#cluster/listing-agreement.ts'
import { readNewest } from '#cluster/newest-read.ts'
import { type ReadOutcome, type ReplicaRead, readReplica } from '#cluster/replica-read.ts'
import type { HeaderMap } from '#http/message.ts'
import { type Absence, absenceBy, notProven, untilProven } from './absence.ts'
import { type Accounts, refusalOf } from './accounts.ts'
import { reservedNameHeaders, singleValued, writeHeaders } from './backend-headers.ts'
import { containerInfoOf } from './container-info.ts'
import { containerRead } from './container-read.ts'
import type { ContainerInfo, ContainerOperations, ContainerPut, ContainerRead } from './contract.ts'
import type { StoreFailure } from './failure.ts'
import type { InfoCache, Known, Unknown } from './info-cache.ts'
import type { Invalidations } from './invalidations.ts'
import type { ListedObject, ListingPage, ListingQuery } from './listing.ts'
import { objectPage } from './listing-pages.ts'
import { listingQuery } from './listing-query.ts'
import type { ContainerName, OperationContext } from './operation.ts'
import { isSplit } from './shard-range.ts'
import { listShards } from './shards.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { dealTargets } from './update-targets.ts'
import { failureOf, verdictOf, type Written } from './write-outcome.ts'

/** A deletion that one server alone has taken is lost with its disk at worst: the container is there again, and empty. */
const ABSENT_WHERE = {
  proven: { kind: 'no_such_container' },
  taken: { kind: 'deleted' },
  unknown: notProven('container'),
} as const satisfies Record<Absence, { readonly kind: 'deleted' } | StoreFailure>

export class Containers implements ContainerOperations {
  readonly #parts: StoreParts
  readonly #accounts: Accounts
  readonly #cache: InfoCache<ContainerInfo>
  readonly #invalidations: Invalidations

  constructor(
    parts: StoreParts,
    accounts: Accounts,
    cache: InfoCache<ContainerInfo>,
    invalidations: Invalidations,
  ) {
    this.#parts = parts
    this.#accounts = accounts
    this.#cache = cache
    this.#invalidations = invalidations
  }

  async info(context: OperationContext, name: ContainerName): Promise<ContainerInfo | undefined> {
    const known = this.held(name) ?? (await this.lookUp(context, name))
    return known.kind === 'exists' ? known.info : undefined
  }

  /** What this process remembers, without waiting. */
  held(name: ContainerName): Known<ContainerInfo> | undefined {
    return this.#cache.held(keyOf(name))
  }

  lookUp(context: OperationContext, name: ContainerName): Promise<Known<ContainerInfo> | Unknown> {
    return this.#cache.get(keyOf(name), async () => {
      const account = await this.#missingAccount(context, name)
      if (account !== undefined) return account.kind === 'unavailable' ? account : { kind: 'absent' }
      // Who may read and write is decided by it: no stale replica may bring back a right that was taken away.
      const read = this.#readOf(context, name, 'HEAD', '')
      return knownOf(await readConfirmed(this.#parts.client, read, 'accept'))
    })
  }

  /** What is so now: memory is asked nothing, and learns the answer. */
  async lookAgain(context: OperationContext, name: ContainerName): Promise<Known<ContainerInfo> | Unknown> {
    await this.#cache.forget(keyOf(name))
    return await this.lookUp(context, name)
  }

  async read(
    context: OperationContext,
    name: ContainerName,
    options: { readonly listing?: ListingQuery; readonly newest?: boolean },
  ): Promise<ContainerRead | StoreFailure> {
    const failure = await this.#missingAccount(context, name)
    if (failure !== undefined) return failure
    return options.listing === undefined
      ? await this.#head(context, name, options.newest === true)
      : await this.#list(context, name, options.listing)
  }

  async put(
    context: OperationContext,
    name: ContainerName,
    put: ContainerPut,
  ): Promise<{ readonly kind: 'created' | 'updated' } | StoreFailure> {
    const first = await this.#putOnce(context, name, put)
    if (first.kind !== 'no_such_account') return first
    // What was remembered of the account is not so.
    await this.#accounts.forget({ account: name.account })
    return await this.#putOnce(context, name, put)
  }

  async #putOnce(
    context: OperationContext,
    name: ContainerName,
    put: ContainerPut,
  ): Promise<{ readonly kind: 'created' | 'updated' } | StoreFailure> {
    const failure = await this.#ensureAccount(context, name, put.accountMetadata)
    if (failure !== undefined) return failure
    const policy =
      put.policyIndex === undefined
        ? { 'x-backend-storage-policy-default': String(this.#parts.rules.defaultPolicyIndex) }
        : { 'x-backend-storage-policy-index': String(put.policyIndex) }
    const { verdict, answers } = await this.#write(context, name, 'PUT', { ...put.changes, ...policy })
    if (verdict.status === 201) return { kind: 'created' }
    if (verdict.status >= 200 && verdict.status < 300) return { kind: 'updated' }
    // No account server knows the account.
    if (verdict.status === 404) return { kind: 'no_such_account' }
    return failureOf(verdict, answers)
  }

  async post(
    context: OperationContext,
    name: ContainerName,
    changes: HeaderMap,
  ): Promise<{ readonly kind: 'updated' } | StoreFailure> {
    const failure = await this.#missingAccount(context, name)
    if (failure !== undefined) return failure
    const { verdict, answers } = await this.#write(context, name, 'POST', changes)
    if (verdict.status >= 200 && verdict.status < 300) return { kind: 'updated' }
    if (verdict.status === 404) {
      const absence = this.#absence(name, answers)
      return absence === 'proven' ? { kind: 'no_such_container' } : notProven('container')
    }
    return failureOf(verdict, answers)
  }

  async delete(
    context: OperationContext,
    name: ContainerName,
  ): Promise<{ readonly kind: 'deleted' } | StoreFailure> {
    const failure = await this.#missingAccount(context, name)
    if (failure !== undefined) return failure
    const { verdict, answers } = await this.#write(context, name, 'DELETE', {})
    if (verdict.status >= 200 && verdict.status < 300) return { kind: 'deleted' }
    if (verdict.status === 404) return ABSENT_WHERE[this.#absence(name, answers)]
    if (verdict.status === 409) return { kind: 'not_empty' }
    return failureOf(verdict, answers)
  }

  async changes(
    context: OperationContext,
    name: ContainerName,
    since: ChangePositions | undefined,
  ): Promise<ChangesRead> {
    const read = this.#readOf(context, name, 'GET', 'format=json&limit=1')
    return await readChanges(this.#parts.client, read, since)
  }

  #absence({ account, container }: ContainerName, answers: Written['answers']): Absence {
    return absenceBy(answers, this.#parts.containerPlacement(account, container), 'container')
  }

  async #head(
    context: OperationContext,
    name: ContainerName,
    newest: boolean,
  ): Promise<ContainerRead | StoreFailure> {
    const read = this.#readOf(context, name, 'HEAD', 'format=json')
    const { client } = this.#parts
    const outcome = await (newest ? readNewest(client, read) : readReplica(client, read))
    if (outcome.kind !== 'found') return await this.#notFound(name, outcome)
    return found(singleValued(outcome.response.headers), undefined)
  }

  async #list(
    context: OperationContext,
    name: ContainerName,
    listing: ListingQuery,
  ): Promise<ContainerRead | StoreFailure> {
    const read = this.#readOf(context, name, 'GET', listingQuery(listing))
    const timestamp = await this.#parts.timestamps.next()
    const outcome = await listAgreed(this.#parts.client, { read, listing, timestamp })
    if (outcome.kind !== 'listed') return await this.#notFound(name, outcome)
    const whole = isSplit(singleValued(outcome.headers))
      ? await this.#listShards(context, name, outcome, listing)
      : outcome
    if (whole === undefined) return { kind: 'unavailable', reason: 'a shard could not be listed' }
    if (whole.consistency === 'eventual') this.#parts.observer.eventualListing('container')
    return found(singleValued(whole.headers), objectPage(whole.json, whole.consistency))
  }

  async #listShards(
    context: OperationContext,
    name: ContainerName,
    root: Listing,
    query: ListingQuery,
  ): Promise<Listing | undefined> {
    const held = this.held(name)
    // It was split meanwhile; rows must go to the shards from now on.
    if (held?.kind === 'exists' && held.info.rows !== 'in_shards') await this.#cache.forget(keyOf(name))
    return await listShards(this.#parts, context, { name, listing: root }, query)
  }

  async #notFound(
    name: ContainerName,
    outcome: Exclude<ReadOutcome, { readonly kind: 'found' }>,
  ): Promise<StoreFailure> {
    switch (outcome.kind) {
      case 'absent':
        this.#cache.keep(keyOf(name), { kind: 'absent' })
        return { kind: 'no_such_container' }
      case 'refused':
        return await refusalOf(outcome)
      case 'unavailable':
        return outcome
    }
  }

  #readOf(
    context: OperationContext,
    name: ContainerName,
    method: 'GET' | 'HEAD',
    query: string,
  ): ReplicaRead {
    return containerRead(this.#parts, context, name, { method, query })
  }

  async #write(
    context: OperationContext,
    name: ContainerName,
    method: string,
    changes: HeaderMap,
  ): Promise<Written> {
    const { client, timestamps } = this.#parts
    const placement = this.#parts.containerPlacement(name.account, name.container)
    const accounts = this.#parts.accountPlacement(name.account)
    const own = writeHeaders(context, await timestamps.next())
    const common = { ...changes, ...own, ...reservedNameHeaders(name), 'content-length': '0' }
    const dealt = dealTargets(placement.primaries.length, {
      prefix: 'x-account',
      placement: accounts,
      namings: accounts.primaries.length,
      from: 'first',
    })
    const replicas = placement.primaries.length
    const answers = await fanOutWrite(client, {
      server: 'container',
      method,
      path: pathOnWire(name),
      placement,
      headers:
        method === 'POST' ? dealt.map(() => common) : dealt.map((targets) => ({ ...common, ...targets })),
      // The account's absence is meant by a PUT.
      rules: method === 'PUT' ? undefined : untilProven(placement, 'container'),
    })
    await this.#cache.forget(keyOf(name))
    await this.#invalidations.announce({ account: name.account, container: name.container })
    return { verdict: verdictOf(answers, replicas), answers }
  }

  /** `undefined` when the account is there, or will be with its first container. */
  async #missingAccount(
    context: OperationContext,
    { account }: ContainerName,
  ): Promise<Extract<StoreFailure, { readonly kind: 'no_such_account' | 'unavailable' }> | undefined> {
    if (isHidden(account)) return undefined
    const known = await this.#accounts.lookUp(context, { account })
    if (known.kind === 'unavailable') return known
    if (known.kind === 'exists') return undefined
    if (known.kind === 'absent' && this.#parts.rules.autoCreateAccounts) return undefined
    return { kind: 'no_such_account' }
  }

  async #ensureAccount(
    context: OperationContext,
    name: ContainerName,
    metadata: HeaderMap | undefined,
  ): Promise<StoreFailure | undefined> {
    const { account } = name
    const known = await this.#accounts.lookUp(context, { account })
    if (known.kind === 'exists') return undefined
    if (known.kind === 'unavailable') return known
    if (!this.#parts.rules.autoCreateAccounts && !isHidden(account)) return { kind: 'no_such_account' }
    const failure = await this.#accounts.create(context, { account }, metadata)
    // As in Swift, which answers 503 until the account is emptied.
    if (failure?.kind === 'account_deleted') return { kind: 'unavailable', reason: 'the account was deleted' }
    return failure
  }
}

/** Accounts of the cluster itself, which storage servers create when needed (`auto_create_account_prefix`). */
function isHidden(account: string): boolean {
  return account.startsWith('.')
}

/** Not remembered: it is what one replica says, which may have missed a change. */
function found(
  headers: HeaderMap,
  page: ListingPage<ListedObject> | undefined,
): Extract<ContainerRead, { readonly kind: 'found' }> {
  return { kind: 'found', info: containerInfoOf(headers), headers, page }
}

function keyOf(name: ContainerName): string {
  return `${name.account}/${name.container}`
}

function knownOf(outcome: ReadOutcome): Known<ContainerInfo> | Unknown {
  switch (outcome.kind) {
    case 'found':
      return { kind: 'exists', info: containerInfoOf(singleValued(outcome.response.headers)) }
    case 'absent':
    case 'refused':
      return { kind: 'absent' }
    case 'unavailable':
      return outcome
  }
}
