/** Asking another process for its rings, and giving it one (`ring-distribution.ts`). Whatever happens is a value. */
import {
  bufferBody,
  discard,
  EMPTY_BODY,
  headerOf,
  ownRequest,
  type Request,
  readWhole,
} from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'
import { reasonOf } from '#http/transport.ts'
import { RING_FILE_BYTES_MAX, RINGS_PATH, type RingReport, type RingsReport } from './ring-distribution.ts'
import { isSealedFile, RING_SEAL_HEADER, readSeal, sealOf } from './ring-seal.ts'

export interface Failed {
  readonly kind: 'failed'
  /** For a person: `not running`, or the sentence of the other side. */
  readonly reason: string
}

export type Reported = { readonly kind: 'reported'; readonly rings: readonly RingReport[] } | Failed
export type Fetched = { readonly kind: 'fetched'; readonly file: Buffer } | Failed
/** `adopted`: it uses the ring from now on; `same`: it did already. */
export type Given = { readonly kind: 'adopted' | 'same' } | Failed

const CONNECT_TIMEOUT_MS = 2_000
/** Longest silence, milliseconds: the other side reads, checks and syncs a ring in between. */
const SILENCE_MS = 30_000
const REPORT_BYTES_MAX = 1024 * 1024
const SENTENCE_BYTES_MAX = 4096
const NOT_SEALED = 'its ring is not sealed with the cluster secret'

export class RingClient {
  readonly #transport: Transport
  readonly #secret: Buffer

  constructor(transport: Transport, secret: Buffer) {
    this.#transport = transport
    this.#secret = secret
  }

  /** Which rings it uses. */
  report(target: Endpoint): Promise<Reported> {
    return this.#ask(target, 'GET', RINGS_PATH, {}, undefined, async (response) => {
      const rings = parseReport(await readWhole(response.body, REPORT_BYTES_MAX))
      return rings === undefined ? failed('its answer is not understood') : { kind: 'reported', rings }
    })
  }

  /** The file of a ring that it uses, if its seal is good. */
  fetch(target: Endpoint, name: string): Promise<Fetched> {
    return this.#ask(target, 'GET', `${RINGS_PATH}/${name}`, {}, undefined, async (response) => {
      const seal = readSeal(this.#secret, name, headerOf(response, RING_SEAL_HEADER))
      if (seal === undefined || seal.sizeBytes > RING_FILE_BYTES_MAX) {
        await discard(response)
        return failed(NOT_SEALED)
      }
      const file = await readWhole(response.body, seal.sizeBytes)
      return isSealedFile(seal, file) ? { kind: 'fetched', file } : failed(NOT_SEALED)
    })
  }

  /** Makes it use a ring. */
  give(target: Endpoint, name: string, file: Buffer): Promise<Given> {
    const headers = { [RING_SEAL_HEADER]: sealOf(this.#secret, name, file) }
    return this.#ask(target, 'PUT', `${RINGS_PATH}/${name}`, headers, file, async (response) => {
      await discard(response)
      return { kind: response.status === 201 ? 'adopted' : 'same' }
    })
  }

  async #ask<Outcome>(
    target: Endpoint,
    method: string,
    path: string,
    headers: Request['headers'],
    body: Buffer | undefined,
    read: (response: Awaited<ReturnType<Transport['send']>>) => Promise<Outcome | Failed>,
  ): Promise<Outcome | Failed> {
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const request = ownRequest({
      method,
      path,
      headers: { ...headers, ...length },
      body: body === undefined ? EMPTY_BODY : bufferBody(body),
    })
    try {
      const response = await this.#transport.send(target, request, {
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        responseTimeoutMs: SILENCE_MS,
      })
      if (response.status === 200 || response.status === 201) return await read(response)
      const sentence = (await readWhole(response.body, SENTENCE_BYTES_MAX)).toString().trim()
      return failed(
        headerOf(response, 'content-type')?.startsWith('text/plain') === true && sentence !== ''
          ? sentence
          : `it answers ${response.status}`,
      )
    } catch (error) {
      return failed(reasonOf(error))
    }
  }
}

function failed(reason: string): Failed {
  return { kind: 'failed', reason }
}

function parseReport(written: Buffer): readonly RingReport[] | undefined {
  try {
    const { rings } = JSON.parse(written.toString()) as Partial<RingsReport>
    return Array.isArray(rings) && rings.every(isReport) ? rings : undefined
  } catch {
    return undefined
  }
}

/** Whether to push a ring, and whether the one before may go, is decided by what is said here. */
function isReport(value: unknown): value is RingReport {
  if (typeof value !== 'object' || value === null) return false
  const report = value as Readonly<Record<keyof RingReport, unknown>>
  return (
    typeof report.name === 'string' &&
    isCountOrNull(report.version) &&
    isCountOrNull(report.nextPartPower) &&
    isCountOrNull(report.previousVersion) &&
    isCount(report.partPower) &&
    typeof report.changedAtMs === 'number' &&
    typeof report.settled === 'boolean' &&
    typeof report.digest === 'string' &&
    /^[0-9a-f]{64}$/.test(report.digest)
  )
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isCountOrNull(value: unknown): value is number | null {
  return value === null || isCount(value)
}
