/**
 * Telling an account's servers about a container. The request that creates or deletes a container names them
 * (`X-Account-Host`, `-Partition`, `-Device`); they are told at once, within a time limit. Whoever could not be told is
 * written down durably and told later by `deliverPending`, always with the container's figures of that moment. Nothing
 * is kept for ever: an entry older than the reclaim age is dropped, because `report-changed.ts` tells the account's
 * servers of the ring anyway. So is one of a container that others speak for: what changed it gets to them, and they report.
 */

import { textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { timestampNow } from '#backend/timestamp-header.ts'
import type { Clock, KvStore } from '#base/environment.ts'
import { REPLICA_STATE_HEADER, REPORT_SENT_HEADER } from '#base/extensions.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import type { Logger } from '#base/log.ts'
import { encodedPathOf } from '#base/names.ts'
import { noteInDoubt } from '#db/container-rules.ts'
import type { Index } from '#db/contract.ts'
import type { DatabaseInfo, DatabaseName } from '#db/info.ts'
import { devicePrefix } from '#db/keys.ts'
import type { ObjectRow } from '#db/object-row.ts'
import { currentReport, hasUnreported } from '#db/reporting.ts'
import { discard, EMPTY_BODY, type HeaderMap, headerOf, type Request } from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'
import { type KvOperation, writeSynced } from '#kv/group-commit.ts'

/** One account server's device. */
export interface AccountTarget extends Endpoint {
  readonly device: string
}

export interface AccountTargets {
  readonly partition: string
  readonly nodes: readonly AccountTarget[]
}

/**
 * `not_found`: the account server knows no such account. `not_found_yet`: that proves nothing, as it may not have all that
 * others have. `failed`: it could not be asked, or did not do it.
 */
export type Told = 'done' | 'not_found' | 'not_found_yet' | 'failed'

export interface AccountUpdatesOptions {
  readonly store: KvStore
  readonly index: Index<ObjectRow>
  /** Is what this device has of a container to be told (`speaksBy` of `backend/index-standing.ts`)? */
  readonly speaksFor: (container: DatabaseName) => boolean
  readonly transport: Transport
  readonly clock: Clock
  readonly log: Logger
  /** Swift's `conn_timeout` and `node_timeout` of a container server, milliseconds. */
  readonly connectTimeoutMs?: number
  readonly nodeTimeoutMs?: number
}

export interface PendingStats {
  readonly delivered: number
  readonly failed: number
  readonly dropped: number
}

/** OpenStack Swift, `container-server.conf`: `conn_timeout` 0.5 s, `node_timeout` 3 s. */
const CONNECT_TIMEOUT_MS = 500
const NODE_TIMEOUT_MS = 3000
/** Entries read at a time. */
const PAGE = 500

interface Pending {
  readonly version: 1
  readonly name: DatabaseName
  readonly partition: string
  readonly target: AccountTarget
  readonly sinceMs: number
}

/** Whom a request asks to be told. Refused with 400 when hosts and devices do not pair up. */
export function accountTargets(headers: HeaderMap): AccountTargets | Refusal {
  const partition = headers['x-account-partition'] ?? ''
  if (partition === '') return { partition, nodes: [] }
  const hosts = (headers['x-account-host'] ?? '').split(',').map((host) => host.trim())
  const devices = (headers['x-account-device'] ?? '').split(',').map((device) => device.trim())
  const endpoints = hosts.flatMap((host) => parseEndpoint(host) ?? [])
  if (endpoints.length !== hosts.length || hosts.length !== devices.length) {
    return new Refusal(textAnswer(400, 'X-Account-Host and X-Account-Device do not pair up'))
  }
  return { partition, nodes: endpoints.map((endpoint, at) => ({ ...endpoint, device: devices[at] ?? '' })) }
}

function parseEndpoint(host: string): Endpoint | undefined {
  const match = /^\[?(.+?)\]?:(\d{1,5})$/.exec(host)
  return match === null ? undefined : { host: match[1] ?? '', port: Number(match[2]) }
}

export class AccountUpdates {
  readonly #options: AccountUpdatesOptions
  #delivering: Promise<PendingStats> | undefined

  constructor(options: AccountUpdatesOptions) {
    this.#options = options
  }

  /**
   * Tells all targets at once. Gives `not_found` when there are targets and none of them knows the account. Whoever failed
   * is told later.
   */
  async tell(info: DatabaseInfo, targets: AccountTargets, headers: HeaderMap): Promise<'told' | 'not_found'> {
    const passedOn = {
      'x-trans-id': headers['x-trans-id'] ?? '-',
      ...(headers['x-account-override-deleted']?.toLowerCase() === 'yes'
        ? { 'x-account-override-deleted': 'yes' }
        : {}),
    }
    const told = await Promise.all(
      targets.nodes.map((target) => this.report(info, targets.partition, target, passedOn)),
    )
    const failed = targets.nodes.filter((_, at) => told[at] === 'failed')
    await this.#writeDown(info.name, targets.partition, failed)
    return isUnknownToAll(told) ? 'not_found' : 'told'
  }

  /** Tells one account server what the container has. */
  async report(
    info: DatabaseInfo,
    partition: string,
    target: AccountTarget,
    headers: HeaderMap,
  ): Promise<Told> {
    const { transport, connectTimeoutMs, nodeTimeoutMs, log } = this.#options
    const request = this.#request(info, partition, target, headers)
    try {
      const response = await transport.send(target, request, {
        connectTimeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        responseTimeoutMs: nodeTimeoutMs ?? NODE_TIMEOUT_MS,
      })
      await discard(response)
      if (response.status >= 200 && response.status < 300) return 'done'
      if (response.status === 404) {
        return headerOf(response, REPLICA_STATE_HEADER) === 'joining' ? 'not_found_yet' : 'not_found'
      }
      log.warn({ target, status: response.status, container: info.name }, 'account update refused')
    } catch (error) {
      log.warn({ target, error: String(error), container: info.name }, 'account update failed')
    }
    return 'failed'
  }

  /** Tells those who could not be told before. One delivery runs at a time; a second call waits for the first. */
  deliverPending(): Promise<PendingStats> {
    this.#delivering ??= this.#deliver().finally(() => {
      this.#delivering = undefined
    })
    return this.#delivering
  }

  /** How many entries wait; counts up to `limit`. */
  async pendingCount(limit: number): Promise<number> {
    return (await this.#readPending(limit)).length
  }

  /** What waits: how many entries, and since when the oldest, in seconds. */
  async pendingFigures(): Promise<{ readonly count: number; readonly oldestSeconds: number }> {
    const nowMs = this.#options.clock.wallMs()
    let count = 0
    let oldestSeconds = 0
    let after = devicePrefix('pendingAccountUpdates')
    for (let page = await this.#readPending(PAGE, after); page.length > 0; ) {
      for (const [key, { sinceMs }] of page) {
        oldestSeconds = Math.max(oldestSeconds, (nowMs - sinceMs) / 1000)
        after = key
      }
      count += page.length
      page = await this.#readPending(PAGE, after)
    }
    return { count, oldestSeconds }
  }

  async #deliver(): Promise<PendingStats> {
    const stats = { delivered: 0, failed: 0, dropped: 0 }
    const silent = new Set<string>()
    let after = devicePrefix('pendingAccountUpdates')
    for (let page = await this.#readPending(PAGE, after); page.length > 0; ) {
      const finished: KvOperation[] = []
      for (const [key, pending] of page) {
        const outcome = silent.has(endpointId(pending.target)) ? 'failed' : await this.#deliverOne(pending)
        stats[outcome] += 1
        if (outcome === 'failed') silent.add(endpointId(pending.target))
        else finished.push({ type: 'del', key })
        after = key
      }
      if (finished.length > 0) await writeSynced(this.#options.store, finished)
      page = await this.#readPending(PAGE, after)
    }
    return stats
  }

  async #deliverOne(pending: Pending): Promise<keyof PendingStats> {
    const tooOldMs = this.#options.clock.wallMs() - RECLAIM_AGE_SECONDS * 1000
    const { index, speaksFor } = this.#options
    const state = await index.state(pending.name)
    if (state === undefined || pending.sinceMs < tooOldMs || !speaksFor(pending.name)) return 'dropped'
    if (hasUnreported(state.info)) await index.apply(pending.name, [], noteInDoubt)
    const override = { 'x-account-override-deleted': 'yes' }
    const told = await this.report(state.info, pending.partition, pending.target, override)
    if (told === 'failed') return 'failed'
    return told === 'done' ? 'delivered' : 'dropped'
  }

  async #readPending(
    limit: number,
    after = devicePrefix('pendingAccountUpdates'),
  ): Promise<readonly (readonly [key: Buffer, pending: Pending])[]> {
    const end = Buffer.concat([devicePrefix('pendingAccountUpdates'), Buffer.from([255])])
    const entries = await this.#options.store.iterator({ gt: after, lt: end, limit }).all()
    return entries.map(([key, value]) => [key, JSON.parse(value.toString()) as Pending])
  }

  async #writeDown(name: DatabaseName, partition: string, failed: readonly AccountTarget[]): Promise<void> {
    if (failed.length === 0) return
    const sinceMs = this.#options.clock.wallMs()
    const operations = failed.map((target): KvOperation => {
      const pending: Pending = { version: 1, name, partition, target, sinceMs }
      return { type: 'put', key: pendingKey(name, target), value: Buffer.from(JSON.stringify(pending)) }
    })
    await writeSynced(this.#options.store, operations)
  }

  #request(info: DatabaseInfo, partition: string, target: AccountTarget, headers: HeaderMap): Request {
    const report = currentReport(info)
    const now = timestampNow(this.#options.clock)
    return {
      method: 'PUT',
      path: `/${encodeURIComponent(target.device)}/${partition}${encodedPathOf(info.name)}`,
      query: '',
      headers: {
        ...headers,
        'x-timestamp': now,
        [REPORT_SENT_HEADER]: now,
        'x-put-timestamp': report.putTimestamp,
        'x-delete-timestamp': report.deleteTimestamp,
        'x-object-count': String(report.objects),
        'x-bytes-used': String(report.bytes),
        'x-backend-storage-policy-index': String(info.policyIndex),
        'user-agent': 'container-server',
      },
      body: EMPTY_BODY,
      signal: undefined,
      remoteAddress: '',
      secure: false,
    }
  }
}

/** Were there account servers to tell, and does none of them know the account? */
export function isUnknownToAll(told: readonly Told[]): boolean {
  return told.length > 0 && told.every((one) => one === 'not_found' || one === 'not_found_yet')
}

/** A server that did not answer once is not waited for again in the same delivery. */
function endpointId(target: AccountTarget): string {
  return `${target.host}:${target.port}`
}

/** One entry per container and account server, however often it fails. */
function pendingKey(name: DatabaseName, target: AccountTarget): Buffer {
  const id = JSON.stringify([name.account, name.container, target.host, target.port, target.device])
  return Buffer.concat([devicePrefix('pendingAccountUpdates'), Buffer.from(id)])
}
