/**
 * What a deleted account still holds, and its removal by the same requests with which clients' deletions reach the storage
 * servers: tombstones on every copy, rows for the listings, a word to the account. All bear the time of the account's
 * deletion, so that they delete nothing that was written later, whoever knows of it.
 */
import type { Logger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { fanOutWrite } from '#cluster/fan-out-write.ts'
import { majoritySize } from '#cluster/quorum.ts'
import { evidenceOf } from '#cluster/read-evidence.ts'
import { askNode, readReplica } from '#cluster/replica-read.ts'
import { discard, type HeaderMap, type Response, readWhole } from '#http/message.ts'
import { reservedNameHeaders, singleValued, writeHeaders } from '#store/backend-headers.ts'
import { containerInfoOf } from '#store/container-info.ts'
import { containerRead } from '#store/container-read.ts'
import type { ContainerInfo } from '#store/contract.ts'
import { changeObject } from '#store/object-change.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { pathOnWire, type StoreParts } from '#store/store-parts.ts'
import { dealTargets } from '#store/update-targets.ts'
import { verdictOf } from '#store/write-outcome.ts'

export interface ContainerPage {
  readonly kind: 'page'
  readonly container: ContainerInfo
  /** In the order of listings; none when the container is empty. */
  readonly names: readonly string[]
}

/** `not_now`: too few servers could be asked or told; in the next pass. */
export type NotNow = { readonly kind: 'not_now' }

/** `newer`: it was written after the account was deleted, and stays. */
export type Removal = { readonly kind: 'deleted' | 'newer' } | NotNow

export interface AccountContent {
  /**
   * Do the primaries of the account agree that it was deleted at that time? A majority of those that may vote must say so,
   * and nobody who can be asked anything else.
   */
  isDeletedSince(account: string, deletedAt: Timestamp): Promise<boolean>
  /** Objects of a container after one. `gone`: there is no such container any more. */
  objects(
    name: ContainerName,
    after: string,
    limit: number,
  ): Promise<ContainerPage | { readonly kind: 'gone' } | NotNow>
  /** Only what was written up to `deletedAt` goes. */
  deleteObject(
    name: ContainerName,
    object: string,
    container: ContainerInfo,
    deletedAt: Timestamp,
  ): Promise<Removal>
  /** Only an empty container goes that was made before. The account is told, though it is deleted. */
  deleteContainer(name: ContainerName, deletedAt: Timestamp): Promise<Removal>
}

/** 10,000 names of 1,024 bytes, escaped at worst. */
const LISTING_BYTES_MAX = 64 * 1024 * 1024
/** Workers' requests do not count as clients'. */
const FROM_A_WORKER: HeaderMap = { 'x-backend-replication': 'True' }
/** A copy that did not have the object has the tombstone now. */
const ABSENT_IS_DELETED: ReadonlyMap<number, number> = new Map([[404, 204]])
const NOT_NOW: NotNow = { kind: 'not_now' }

export class StoredContent implements AccountContent {
  readonly #parts: StoreParts
  readonly #context: OperationContext

  constructor(parts: StoreParts, log: Logger) {
    this.#parts = parts
    this.#context = { txId: 'reaper', signal: undefined, log }
  }

  async isDeletedSince(account: string, deletedAt: Timestamp): Promise<boolean> {
    const { client } = this.#parts
    const placement = this.#parts.accountPlacement(account)
    const read = {
      server: 'account',
      method: 'HEAD',
      path: pathOnWire({ account }),
      query: '',
      headers: FROM_A_WORKER,
      placement,
      signal: undefined,
    } as const
    const said = await Promise.all(
      placement.primaries.map(async (node) => {
        const response = await askNode(client, read, node)
        if (response === undefined) return 'nothing'
        await discard(response)
        return deletionIn(response, deletedAt)
      }),
    )
    const agreed = said.filter((one) => one === 'agrees').length
    return !said.includes('differs') && agreed >= majoritySize(placement.primaries.length)
  }

  async objects(
    name: ContainerName,
    after: string,
    limit: number,
  ): Promise<ContainerPage | { readonly kind: 'gone' } | NotNow> {
    const query = `format=json&limit=${limit}&marker=${encodeURIComponent(after)}`
    const headers = { ...FROM_A_WORKER, 'x-backend-allow-reserved-names': 'true' }
    const read = containerRead(this.#parts, this.#context, name, { method: 'GET', query, headers })
    const outcome = await readReplica(this.#parts.client, read)
    switch (outcome.kind) {
      case 'found': {
        const container = containerInfoOf(singleValued(outcome.response.headers))
        const bytes = await readWhole(outcome.response.body, LISTING_BYTES_MAX)
        return { kind: 'page', container, names: namesIn(bytes) }
      }
      case 'absent':
        return { kind: 'gone' }
      case 'refused':
        await discard(outcome.response)
        return NOT_NOW
      case 'unavailable':
        return NOT_NOW
    }
  }

  async deleteObject(
    name: ContainerName,
    object: string,
    container: ContainerInfo,
    deletedAt: Timestamp,
  ): Promise<Removal> {
    const changed = await changeObject(this.#parts, {
      method: 'DELETE',
      context: this.#context,
      name: { ...name, object },
      container,
      own: FROM_A_WORKER,
      timestamp: deletedAt,
      overrides: ABSENT_IS_DELETED,
    })
    if (changed.kind !== 'changed') return NOT_NOW
    return removalBy(changed.verdict.status)
  }

  async deleteContainer(name: ContainerName, deletedAt: Timestamp): Promise<Removal> {
    const { client } = this.#parts
    const placement = this.#parts.containerPlacement(name.account, name.container)
    const accounts = this.#parts.accountPlacement(name.account)
    const own = {
      ...writeHeaders(this.#context, deletedAt),
      ...reservedNameHeaders(name),
      ...FROM_A_WORKER,
      'x-account-override-deleted': 'yes',
      'content-length': '0',
    }
    const dealt = dealTargets(placement.primaries.length, {
      prefix: 'x-account',
      placement: accounts,
      namings: accounts.primaries.length,
      from: 'first',
    })
    const answers = await fanOutWrite(client, {
      server: 'container',
      method: 'DELETE',
      path: pathOnWire(name),
      placement,
      headers: dealt.map((targets) => ({ ...own, ...targets })),
    })
    return removalBy(verdictOf(answers, placement.primaries.length, ABSENT_IS_DELETED).status)
  }
}

function removalBy(status: number): Removal {
  if ((status >= 200 && status < 300) || status === 404) return { kind: 'deleted' }
  return status === 409 ? { kind: 'newer' } : NOT_NOW
}

/** `nothing`: it is joining, or cannot tell. */
function deletionIn(response: Response, deletedAt: Timestamp): 'agrees' | 'differs' | 'nothing' {
  const evidence = evidenceOf(response, { server: 'account', role: 'primary' })
  if (evidence.kind === 'found') return 'differs'
  if (evidence.kind !== 'absent' || !evidence.voter) return 'nothing'
  return evidence.timestamp === deletedAt ? 'agrees' : 'differs'
}

function namesIn(json: Buffer): readonly string[] {
  if (json.length === 0) return []
  const members = JSON.parse(json.toString()) as readonly { readonly name?: unknown }[]
  return members.flatMap(({ name }) => (typeof name === 'string' ? [name] : []))
}
