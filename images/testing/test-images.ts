/** A registry over the store in memory, and people who ask it without a socket. */
import { randomBytes } from 'node:crypto'
import type { Principal } from '#auth/principal.ts'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { bufferBody, EMPTY_BODY, headerOf, ownRequest, type RequestBody, readWhole } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { createRegistry, type RegistryDeps } from '../create-registry.ts'
import { type ImageDoor, imageDoor } from '../door.ts'
import { DEFAULT_LIMITS, type ImageLimits } from '../limits.ts'
import { DEFAULT_IMAGE_OPTIONS, type ImageOptions } from '../options.ts'
import type { Registry } from '../registry.ts'

export interface TestImagesOptions {
  readonly store: Store
  readonly clock?: Clock
  readonly limits?: Partial<ImageLimits>
  readonly options?: Partial<ImageOptions>
  readonly deps?: Partial<RegistryDeps>
}

export interface Heard {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  /** The parsed body; `undefined` when it is no JSON. */
  readonly json: Record<string, unknown>
}

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>
  /** JSON unless it is bytes or a stream. */
  readonly body?: unknown
}

export type AskImages = (method: string, path: string, asking?: Asking) => Promise<Heard>

export interface TestImages {
  readonly registry: Registry
  readonly door: ImageDoor
  /** Asks as a person; `undefined` as nobody. Paths begin behind `/image`. */
  readonly as: (principal: Principal | undefined) => AskImages
}

function person(tenant: string, name: string, groups: readonly string[]): Principal {
  return { user: `${tenant}:${name}`, tenant, groups: [tenant, `${tenant}:${name}`, ...groups] }
}

/** Of the development users. */
export const PEOPLE = {
  admin: person('admin', 'admin', ['AUTH_admin', '.reseller_admin']),
  tester: person('test', 'tester', ['AUTH_test']),
  tester2: person('test2', 'tester2', ['AUTH_test2']),
  /** Reads what the project has, and no more. */
  reader: person('test', 'tester3', []),
} as const

export function testImages({
  store,
  clock = realClock,
  limits,
  options,
  deps,
}: TestImagesOptions): TestImages {
  const registry = createRegistry({
    environment: { clock, random: { bytes: randomBytes, below: () => 0 } },
    log: silentLogger,
    store,
    ownStore: store,
    fetch: () => Promise.reject(new Error('no network in this test')),
    records: new ClusterRecords({ store, clock }),
    options: { ...DEFAULT_IMAGE_OPTIONS, ...options, limits: { ...DEFAULT_LIMITS, ...limits } },
    ...deps,
  })
  const door = imageDoor(registry)
  return { registry, door, as: (principal) => asking(door, principal) }
}

function asking(door: ImageDoor, principal: Principal | undefined): AskImages {
  return async (method, path, { headers = {}, body } = {}) => {
    const [before = '', query = ''] = path.split(/\?(.*)/s)
    const response = await door({
      txId: 'tx-test',
      signal: undefined,
      log: silentLogger,
      principal,
      request: ownRequest({
        method,
        path: `/image${before}`,
        query,
        headers: { host: 'images.example', ...lowerCase(headers) },
        body: bodyOf(body),
      }),
    })
    const bytes = await readWhole(response.body, Number.MAX_SAFE_INTEGER)
    const names = Object.keys(response.headers)
    const flat = names.map((name) => [name, headerOf(response, name) ?? ''] as const)
    return { status: response.status, headers: Object.fromEntries(flat), bytes, json: parsed(bytes) }
  }
}

function bodyOf(body: unknown): RequestBody {
  if (body === undefined) return EMPTY_BODY
  if (Buffer.isBuffer(body)) return bufferBody(body)
  const isStream = typeof body === 'object' && body !== null && Symbol.asyncIterator in body
  return isStream ? (body as RequestBody) : bufferBody(Buffer.from(JSON.stringify(body)))
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function parsed(bytes: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** A body of unknown length, in chunks. */
export function streamed(chunks: readonly Buffer[]): RequestBody {
  return {
    lengthBytes: undefined,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield* chunks
    },
  }
}

/** A new image ready for bytes; its id. */
export async function createImage(
  ask: AskImages,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const body = { name: 'an image', disk_format: 'raw', container_format: 'bare', ...more }
  const { status, json, bytes } = await ask('POST', '/v2/images', { body })
  if (status !== 201) throw new Error(`not created: ${status} ${bytes.toString()}`)
  return String(json['id'])
}

/** Sends bytes; the status of the answer. */
export async function uploadBytes(ask: AskImages, id: string, body: Buffer | RequestBody): Promise<Heard> {
  return await ask('PUT', `/v2/images/${id}/file`, {
    body,
    headers: { 'Content-Type': 'application/octet-stream' },
  })
}
