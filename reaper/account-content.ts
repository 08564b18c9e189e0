/**
 * What a deleted account still holds, and its removal by the same requests with which clients' deletions reach the storage
 * servers: tombstones with times of now on every copy, rows for the listings, a word to the account.
 */
import type { Logger } from '#base/log.ts'
import { fanOutWrite } from '#cluster/fan-out-write.ts'
import { readReplica } from '#cluster/replica-read.ts'
import { discard, type HeaderMap, readWhole } from '#http/message.ts'
import { reservedNameHeaders, singleValued, writeHeaders } from '#store/backend-headers.ts'
import { containerInfoOf } from '#store/container-info.ts'
import { containerRead } from '#store/container-read.ts'
import type { ContainerInfo, ContainerName, OperationContext } from '#store/contract.ts'
import { changeObject } from '#store/object-change.ts'
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

export interface AccountContent {
  /** Objects of a container after one. `gone`: there is no such container any more. */
  objects(
    name: ContainerName,
    after: string,
    limit: number,
  ): Promise<ContainerPage | { readonly kind: 'gone' } | NotNow>
  deleteObject(
    name: ContainerName,
    object: string,
    container: ContainerInfo,
  ): Promise<{ readonly kind: 'deleted' } | NotNow>
  /** Only an empty container goes. The account is told, though it is deleted. */
  deleteContainer(name: ContainerName): Promise<{ readonly kind: 'deleted' } | NotNow>
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
  ): Promise<{ readonly kind: 'deleted' } | NotNow> {
    const changed = await changeObject(this.#parts, {
      method: 'DELETE',
      context: this.#context,
      name: { ...name, object },
      container,
      own: FROM_A_WORKER,
      timestamp: undefined,
      overrides: ABSENT_IS_DELETED,
    })
    if (changed.kind !== 'changed') return NOT_NOW
    const { status } = changed.verdict
    return (status >= 200 && status < 300) || status === 404 ? { kind: 'deleted' } : NOT_NOW
  }

  async deleteContainer(name: ContainerName): Promise<{ readonly kind: 'deleted' } | NotNow> {
    const { client, timestamps } = this.#parts
    const placement = this.#parts.containerPlacement(name.account, name.container)
    const accounts = this.#parts.accountPlacement(name.account)
    const own = {
      ...writeHeaders(this.#context, await timestamps.next()),
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
    const { status } = verdictOf(answers, placement.primaries.length, ABSENT_IS_DELETED)
    return status >= 200 && status < 300 ? { kind: 'deleted' } : NOT_NOW
  }
}

function namesIn(json: Buffer): readonly string[] {
  if (json.length === 0) return []
  const members = JSON.parse(json.toString()) as readonly { readonly name?: unknown }[]
  return members.flatMap(({ name }) => (typeof name === 'string' ? [name] : []))
}
