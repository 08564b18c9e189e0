/**
 * Speaks to container servers: one row as Swift's object servers send it, or, to a server that says it can, many rows of
 * many containers in one request. Never rejects: a server that cannot be reached has not applied the row.
 */
import {
  BATCH_UPDATE_HEADER,
  CAPABILITIES_HEADER,
  parseCapabilities,
  REPLICA_STATE_HEADER,
  ROW_HEADER,
  STATUS_CHANGED_AT_HEADER,
} from '#base/extensions.ts'
import type { Logger } from '#base/log.ts'
import { encodedPathOf } from '#base/names.ts'
import { parseTimestamp } from '#base/timestamp.ts'
import { deletedRow, putRow, toSwiftItem } from '#db/object-row.ts'
import {
  bufferBody,
  discard,
  type HeaderMap,
  headerOf,
  ownRequest,
  type Request,
  type RequestBody,
  type Response,
  readWhole,
} from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'
import type { ContainerUpdate, UpdateTarget } from './container-update.ts'

export interface RowSenderOptions {
  readonly transport: Transport
  readonly log: Logger
  /** Longest wait for a connection (Swift `conn_timeout` 0.5 s), milliseconds. */
  readonly connectTimeoutMs?: number
  /** Longest wait for an answer (Swift `node_timeout` 3 s), milliseconds. */
  readonly responseTimeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 500
const RESPONSE_TIMEOUT_MS = 3000
/** A batch's answer is a list of statuses. Bytes. */
const BATCH_ANSWER_BYTES_MAX = 1024 * 1024

export interface RowAnswer {
  readonly applied: boolean
  /** It knows no such container. */
  readonly isUnknown?: boolean | undefined
  /** The replica that has the row proves nothing by it: its own listings do not count (`backend/replica-state.ts`). */
  readonly joining?: boolean | undefined
  /** What the container really is, as headers for the proxy, when it is not what the proxy believed. */
  readonly misplaced: HeaderMap | undefined
}

export const NOT_APPLIED: RowAnswer = { applied: false, misplaced: undefined }

export class RowSender {
  readonly #options: RowSenderOptions
  /** Hosts whose last answer said that they take batches. */
  readonly #batchHosts = new Set<string>()

  constructor(options: RowSenderOptions) {
    this.#options = options
  }

  takesBatches(target: UpdateTarget): boolean {
    return this.#batchHosts.has(target.host)
  }

  async send(update: ContainerUpdate, target: UpdateTarget): Promise<RowAnswer> {
    if (update.partition === undefined) return NOT_APPLIED
    const path = `/${encodeURIComponent(target.device)}/${update.partition}${encodedPathOf(update)}`
    const response = await this.#request(target, requestOf(update.method, path, update.headers))
    if (response === undefined) return NOT_APPLIED
    await discard(response).catch(() => {})
    const applied = response.status >= 200 && response.status < 300
    const joining = headerOf(response, REPLICA_STATE_HEADER) === 'joining'
    return { applied, joining, isUnknown: response.status === 404, misplaced: misplacedIn(response) }
  }

  /** Many rows for one device; what became of them, in their order. */
  async sendBatch(updates: readonly ContainerUpdate[], target: UpdateTarget): Promise<readonly RowAnswer[]> {
    const body = bufferBody(Buffer.from(JSON.stringify(updates.map(batchEntry))))
    const headers = { [BATCH_UPDATE_HEADER]: 'true', 'content-type': 'application/json' }
    const path = `/${encodeURIComponent(target.device)}`
    const response = await this.#request(target, requestOf('UPDATE', path, headers, body))
    const outcomes = response === undefined ? [] : await this.#outcomes(response, target)
    return updates.map((_, at) => rowAnswer(outcomes[at]))
  }

  async #outcomes(response: Response, target: UpdateTarget): Promise<readonly unknown[]> {
    try {
      const bytes = await readWhole(response.body, BATCH_ANSWER_BYTES_MAX)
      const parsed: unknown = response.status === 200 ? JSON.parse(bytes.toString()) : undefined
      return Array.isArray(parsed) ? parsed : []
    } catch (error) {
      this.#options.log.warn({ err: String(error), ...target }, 'the answer to a batch of rows was no answer')
      return []
    }
  }

  async #request(target: UpdateTarget, request: Request): Promise<Response | undefined> {
    const endpoint = parseHost(target.host)
    if (endpoint === undefined) return undefined
    const { transport, log, connectTimeoutMs, responseTimeoutMs } = this.#options
    try {
      const response = await transport.send(endpoint, request, {
        connectTimeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        responseTimeoutMs: responseTimeoutMs ?? RESPONSE_TIMEOUT_MS,
      })
      this.#learn(target, response)
      if (response.status >= 300) log.warn({ status: response.status, ...target }, 'a row was refused')
      return response
    } catch (error) {
      log.warn({ err: String(error), ...target }, 'a container server could not be told')
      return undefined
    }
  }

  #learn(target: UpdateTarget, response: Response): void {
    const capabilities = parseCapabilities(headerOf(response, CAPABILITIES_HEADER))
    if (capabilities.has('batch-update')) this.#batchHosts.add(target.host)
    else this.#batchHosts.delete(target.host)
  }
}

/** One entry of a batch's answer (`container-server/verbs/update.ts`). */
function rowAnswer(outcome: unknown): RowAnswer {
  if (outcome === 202) return { applied: true, misplaced: undefined }
  if (outcome === 404) return { applied: false, isUnknown: true, misplaced: undefined }
  if (typeof outcome !== 'object' || outcome === null) return NOT_APPLIED
  const { status, joining, policy_index, status_changed_at } = outcome as Record<string, unknown>
  const answered = { applied: status === 202, joining: joining === true }
  if (policy_index === undefined) return { ...answered, misplaced: undefined }
  const misplaced = {
    [ROW_HEADER]: 'misplaced',
    'x-backend-storage-policy-index': String(policy_index),
    [STATUS_CHANGED_AT_HEADER]: String(status_changed_at),
  }
  return { ...answered, misplaced }
}

function misplacedIn(response: Response): HeaderMap | undefined {
  if (headerOf(response, ROW_HEADER) !== 'misplaced') return undefined
  const found = ['x-backend-storage-policy-index', STATUS_CHANGED_AT_HEADER]
  const facts = found.map((name) => [name, headerOf(response, name)] as const)
  return Object.fromEntries([[ROW_HEADER, 'misplaced'], ...facts])
}

function requestOf(
  method: string,
  path: string,
  headers: HeaderMap,
  body: RequestBody = bufferBody(EMPTY),
): Request {
  return ownRequest({
    method,
    path,
    headers: { ...headers, 'content-length': String(body.lengthBytes), 'user-agent': 'object-server' },
    body,
  })
}

const EMPTY = Buffer.alloc(0)

/** One row of a batch, as `container-server/verbs/update.ts` takes it. */
function batchEntry(update: ContainerUpdate): unknown {
  const { account, container, headers } = update
  const policyIndex = Number(headers['x-backend-storage-policy-index'] ?? 0)
  const timestamp = headers['x-timestamp'] ?? update.timestamp
  return {
    account,
    container,
    timestamp,
    policy_index: policyIndex,
    status_changed_at: headers[STATUS_CHANGED_AT_HEADER],
    items: [itemOf(update, policyIndex)],
  }
}

function itemOf(update: ContainerUpdate, policyIndex: number): unknown {
  const { headers, object: name } = update
  const timestamp = parseTimestamp(headers['x-timestamp'] ?? '') ?? update.timestamp
  if (update.method === 'DELETE') return toSwiftItem(deletedRow(name, policyIndex, timestamp))
  const contentTypeTimestamp = parseTimestamp(headers['x-content-type-timestamp'] ?? '')
  return toSwiftItem(
    putRow({
      name,
      policyIndex,
      timestamp,
      sizeBytes: Number(headers['x-size'] ?? 0),
      etag: textOf(headers['x-etag'] ?? ''),
      contentType: textOf(headers['x-content-type'] ?? ''),
      contentTypeTimestamp,
      metaTimestamp: parseTimestamp(headers['x-meta-timestamp'] ?? '') ?? contentTypeTimestamp,
    }),
  )
}

/** Header values are bytes; in JSON they are text. */
function textOf(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

/** `host:port`, with brackets around an IPv6 address if it likes. */
function parseHost(written: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|(.+)):(\d{1,5})$/.exec(written)
  if (match === null) return undefined
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}
