/** Accounts: reading, creating, changing, deleting (OpenStack Swift, `proxy/controllers/account.py`). */
import { normalForm, TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import { readConfirmed } from '#cluster/confirmed-read.ts'
import { fanOutWrite, type WriteAnswer } from '#cluster/fan-out-write.ts'
import { listAgreed } from '#cluster/listing-agreement.ts'
import { quorumSize } from '#cluster/quorum.ts'
import { type ReadOutcome, type ReplicaRead, readReplica } from '#cluster/replica-read.ts'
import { discard, type HeaderMap } from '#http/message.ts'
import { type Absence, absenceBy, notProven, untilProven } from './absence.ts'
import { accountInfoOf, EMPTY_ACCOUNT } from './account-info.ts'
import { reservedNameHeaders, SHOW_RESERVED_NAMES, singleValued, writeHeaders } from './backend-headers.ts'
import type { AccountInfo, AccountOperations, AccountRead } from './contract.ts'
import type { StoreFailure } from './failure.ts'
import type { InfoCache, Known, Unknown } from './info-cache.ts'
import type { Invalidations } from './invalidations.ts'
import type { ListedContainer, ListingPage, ListingQuery } from './listing.ts'
import { containerPage } from './listing-pages.ts'
import { listingQuery } from './listing-query.ts'
import type { AccountName, OperationContext } from './operation.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { failureOf, verdictOf, type Written } from './write-outcome.ts'

/** A deletion that one server alone has taken may be lost with its disk, and the account with all that it holds be there again. */
const ABSENT_WHERE = {
  proven: { kind: 'no_such_account' },
  taken: notProven('account'),
  unknown: notProven('account'),
} as const satisfies Record<Absence, StoreFailure>

export class Accounts implements AccountOperations {
  readonly #parts: StoreParts
  readonly #cache: InfoCache<AccountInfo>
  readonly #invalidations: Invalidations

  constructor(parts: StoreParts, cache: InfoCache<AccountInfo>, invalidations: Invalidations) {
    this.#parts = parts
    this.#cache = cache
    this.#invalidations = invalidations
  }

  async info(context: OperationContext, name: AccountName): Promise<AccountInfo | undefined> {
    const known = await this.lookUp(context, name)
    if (known.kind === 'exists') return known.info
    const isToBe = known.kind === 'absent' && this.#parts.rules.autoCreateAccounts
    return isToBe ? EMPTY_ACCOUNT : undefined
  }

  /** What is known of the account, whether or not it may be created. For the other operations of the store. */
  lookUp(context: OperationContext, name: AccountName): Promise<Known<AccountInfo> | Unknown> {
    return this.#cache.get(name.account, async () => {
      // What the account keeps from the public is in it: no stale replica may give that back.
      const read = this.#readOf(context, name, 'HEAD', '')
      return knownOf(await readConfirmed(this.#parts.client, read, 'accept'))
    })
  }

  async read(
    context: OperationContext,
    name: AccountName,
    { listing }: { readonly listing?: ListingQuery },
  ): Promise<AccountRead | StoreFailure> {
    const { client, timestamps } = this.#parts
    if (listing === undefined) {
      const outcome = await this.#fetch(context, name, 'HEAD', 'format=json')
      if (outcome.kind !== 'found') return await this.#notFound(outcome, undefined)
      return this.#found(name, singleValued(outcome.response.headers), undefined)
    }
    const read = withReservedNames(this.#readOf(context, name, 'GET', listingQuery(listing)), listing)
    const outcome = await listAgreed(client, { read, listing, timestamp: await timestamps.next() })
    if (outcome.kind !== 'listed') return await this.#notFound(outcome, listing)
    if (outcome.consistency === 'eventual') this.#parts.observer.eventualListing('account')
    return this.#found(name, singleValued(outcome.headers), containerPage(outcome.json, outcome.consistency))
  }

  async put(
    context: OperationContext,
    name: AccountName,
    changes: HeaderMap,
  ): Promise<{ readonly kind: 'created' | 'updated' } | StoreFailure> {
    const { verdict, answers } = await this.#write(context, name, 'PUT', changes)
    if (verdict.status === 201) return { kind: 'created' }
    if (verdict.status >= 200 && verdict.status < 300) return { kind: 'updated' }
    // Deleted, and not emptied yet: it cannot be made anew (Swift's account server: "Recently deleted").
    if (verdict.status === 403) return { kind: 'account_deleted' }
    return failureOf(verdict, answers)
  }

  /** Forgets what is remembered of the account. */
  async forget({ account }: AccountName): Promise<void> {
    await this.#cache.forget(account)
  }

  /** Makes the account exist; `undefined` when it does. */
  async create(
    context: OperationContext,
    name: AccountName,
    metadata: HeaderMap = {},
  ): Promise<StoreFailure | undefined> {
    const outcome = await this.put(context, name, metadata)
    return isMade(outcome) ? undefined : outcome
  }

  async post(
    context: OperationContext,
    name: AccountName,
    changes: HeaderMap,
  ): Promise<{ readonly kind: 'updated' } | StoreFailure> {
    const first = await this.#post(context, name, changes)
    if (first.kind !== 'no_such_account' || !this.#parts.rules.autoCreateAccounts) return first
    const failure = await this.create(context, name)
    if (failure?.kind === 'account_deleted') return failure
    return failure ?? (await this.#post(context, name, changes))
  }

  async delete(
    context: OperationContext,
    name: AccountName,
  ): Promise<{ readonly kind: 'deleted' } | StoreFailure> {
    const { verdict, answers } = await this.#write(context, name, 'DELETE', {})
    if (verdict.status >= 200 && verdict.status < 300) return { kind: 'deleted' }
    if (verdict.status !== 404) return failureOf(verdict, answers)
    const { primaries } = this.#parts.accountPlacement(name.account)
    if (deletedOn(answers) >= quorumSize(primaries.length)) return { kind: 'account_deleted' }
    return ABSENT_WHERE[this.#absence(name, answers)]
  }

  async #post(
    context: OperationContext,
    name: AccountName,
    changes: HeaderMap,
  ): Promise<{ readonly kind: 'updated' } | StoreFailure> {
    const { verdict, answers } = await this.#write(context, name, 'POST', changes)
    if (verdict.status >= 200 && verdict.status < 300) return { kind: 'updated' }
    if (verdict.status !== 404) return failureOf(verdict, answers)
    return this.#absence(name, answers) === 'proven' ? { kind: 'no_such_account' } : notProven('account')
  }

  #absence({ account }: AccountName, answers: Written['answers']): Absence {
    return absenceBy(answers, this.#parts.accountPlacement(account), 'account')
  }

  async #write(
    context: OperationContext,
    name: AccountName,
    method: string,
    changes: HeaderMap,
  ): Promise<Written> {
    const { client, timestamps } = this.#parts
    const placement = this.#parts.accountPlacement(name.account)
    const own = writeHeaders(context, await timestamps.next())
    const headers = { ...changes, ...own, ...reservedNameHeaders(name), 'content-length': '0' }
    const answers = await fanOutWrite(client, {
      server: 'account',
      method,
      path: pathOnWire(name),
      placement,
      headers: placement.primaries.map(() => headers),
      rules: method === 'PUT' ? undefined : untilProven(placement, 'account'),
    })
    await this.#cache.forget(name.account)
    await this.#invalidations.announce({ account: name.account })
    return { verdict: verdictOf(answers, placement.primaries.length), answers }
  }

  #fetch(
    context: OperationContext,
    name: AccountName,
    method: 'GET' | 'HEAD',
    query: string,
  ): Promise<ReadOutcome> {
    return readReplica(this.#parts.client, this.#readOf(context, name, method, query))
  }

  #readOf(context: OperationContext, name: AccountName, method: 'GET' | 'HEAD', query: string): ReplicaRead {
    return {
      server: 'account',
      method,
      path: pathOnWire(name),
      query,
      headers: { 'x-trans-id': context.txId, ...reservedNameHeaders(name) },
      placement: this.#parts.accountPlacement(name.account),
      signal: undefined,
    }
  }

  #found(name: AccountName, headers: HeaderMap, page: ListingPage<ListedContainer> | undefined): AccountRead {
    const info = accountInfoOf(headers)
    this.#cache.keep(name.account, { kind: 'exists', info })
    return { kind: 'found', info, headers, page }
  }

  async #notFound(
    outcome: Exclude<ReadOutcome, { readonly kind: 'found' }>,
    listing: ListingQuery | undefined,
  ): Promise<AccountRead | StoreFailure> {
    switch (outcome.kind) {
      case 'absent':
        return this.#absent(isDeleted(outcome), listing)
      case 'refused':
        return await refusalOf(outcome)
      case 'unavailable':
        return outcome
    }
  }

  #absent(deleted: boolean, listing: ListingQuery | undefined): AccountRead | StoreFailure {
    if (deleted) return { kind: 'account_deleted' }
    if (!this.#parts.rules.autoCreateAccounts) return { kind: 'no_such_account' }
    const emptyPage = listing === undefined ? undefined : containerPage(Buffer.from('[]'), 'complete')
    const now = normalForm(timestampAt(this.#parts.clock.wallMs()))
    const headers = { ...EMPTY_ACCOUNT_HEADERS, 'x-timestamp': now, 'x-put-timestamp': now }
    return { kind: 'found', info: EMPTY_ACCOUNT, headers, page: emptyPage }
  }
}

function withReservedNames(read: ReplicaRead, { reservedNames }: ListingQuery): ReplicaRead {
  if (reservedNames !== 'shown') return read
  return { ...read, headers: { ...read.headers, ...SHOW_RESERVED_NAMES } }
}

function timestampAt(wallMs: number): Timestamp {
  return timestampFromTicks(Math.floor((wallMs * TICKS_PER_SECOND) / 1000))
}

function isMade(
  outcome: { readonly kind: 'created' | 'updated' } | StoreFailure,
): outcome is { readonly kind: 'created' | 'updated' } {
  return outcome.kind === 'created' || outcome.kind === 'updated'
}

/** What an account server would say of an account without containers. */
const EMPTY_ACCOUNT_HEADERS: HeaderMap = {
  'x-account-container-count': '0',
  'x-account-object-count': '0',
  'x-account-bytes-used': '0',
}

function knownOf(outcome: ReadOutcome): Known<AccountInfo> | Unknown {
  switch (outcome.kind) {
    case 'found':
      return { kind: 'exists', info: accountInfoOf(singleValued(outcome.response.headers)) }
    case 'absent':
      return { kind: isDeleted(outcome) ? 'deleted' : 'absent' }
    case 'refused':
      return { kind: 'absent' }
    case 'unavailable':
      return outcome
  }
}

/** How many have the deletion. What one of them was told alone may be lost with its disk. */
function deletedOn(answers: Written['answers']): number {
  return answers.filter(({ status, headers }) => isSuccess(status) || saysDeleted(headers)).length
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function isDeleted({ response }: Extract<ReadOutcome, { readonly kind: 'absent' }>): boolean {
  return saysDeleted(response.headers)
}

function saysDeleted(headers: WriteAnswer['headers']): boolean {
  return singleValued(headers)['x-account-status']?.toLowerCase() === 'deleted'
}

/** The server's own words are passed on: it says which parameter is wrong. */
export async function refusalOf(
  outcome: Extract<ReadOutcome, { readonly kind: 'refused' }>,
): Promise<StoreFailure> {
  const { response } = outcome
  const text = Buffer.isBuffer(response.body) ? response.body.toString('utf8') : ''
  await discard(response)
  return { kind: 'bad_request', reason: text }
}
