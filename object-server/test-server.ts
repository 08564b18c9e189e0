/** An object server in memory for tests: device, clock, container servers that can be told to fail. */
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk, type MemoryDiskOptions } from '#disk/memory-disk.ts'
import {
  bufferBody,
  type Handler,
  type HeaderMap,
  ownRequest,
  type Request,
  type RequestBody,
  type Response,
  readWhole,
} from '#http/message.ts'
import { type Transport, TransportError } from '#http/transport.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { createObjectServer } from './app.ts'
import { ObjectDevice } from './device.ts'
import { RowSender } from './row-sender.ts'

export interface SentRow {
  readonly host: string
  readonly method: string
  readonly path: string
  readonly headers: HeaderMap
}

/** Container servers that remember what they were told. */
export class TestContainerServers implements Transport {
  readonly rows: SentRow[] = []
  /** Whether they say that they take batches, and what they answer to one. */
  batches = false
  batchStatuses: unknown[] | undefined
  answerHeaders: Record<string, string> = {}
  /** Status each host answers; `down` for one that cannot be reached, `silent` for one that never answers. */
  readonly hosts = new Map<string, number | 'down' | 'silent'>()

  async send(target: { host: string; port: number }, request: Request): Promise<Response> {
    const host = `${target.host}:${target.port}`
    const behaviour = this.hosts.get(host) ?? 201
    if (behaviour === 'down') throw new TransportError('CONNECT_FAILED', target)
    if (behaviour === 'silent') await new Promise<never>(() => {})
    this.rows.push({ host, method: request.method, path: request.path, headers: request.headers })
    const capabilities = this.batches ? { 'x-backend-martlet-capabilities': 'batch-update' } : {}
    const headers = { ...capabilities, ...this.answerHeaders }
    if (request.method !== 'UPDATE') return { status: behaviour as number, headers, body: undefined }
    const entries = JSON.parse((await readWhole(request.body, 2 ** 20)).toString()) as unknown[]
    const statuses = this.batchStatuses ?? entries.map(() => 202)
    return { status: 200, headers, body: Buffer.from(JSON.stringify(statuses)) }
  }

  async close(): Promise<void> {}
}

export interface TestServer {
  readonly disk: MemoryDisk
  readonly kv: MemoryKv
  readonly clock: VirtualClock
  readonly containers: TestContainerServers
  readonly sender: RowSender
  readonly device: ObjectDevice
  readonly policies: StoragePolicies
  readonly handler: Handler
}

export interface TestServerParts {
  readonly disk?: MemoryDisk
  readonly kv?: MemoryKv
  readonly clock?: VirtualClock
  readonly containers?: TestContainerServers
  readonly diskOptions?: MemoryDiskOptions
  readonly newDevice?: 'part_of_new_cluster' | 'may_have_held_data'
}

export const TEST_SALT = { prefix: 'changeme', suffix: 'too' }

/** A server over what is given (the disk of an earlier one, to start again) or over everything new. */
export async function startTestServer(parts: TestServerParts = {}): Promise<TestServer> {
  const disk = parts.disk ?? new MemoryDisk(parts.diskOptions)
  const kv = parts.kv ?? new MemoryKv()
  const clock = parts.clock ?? new VirtualClock()
  const containers = parts.containers ?? new TestContainerServers()
  const mounted = disk.remount()
  await mounted.mkdir('/devices/sda', { recursive: true })
  const environment: Environment = { clock, random: new SeededRandom(1), disk: mounted, kv }
  const policies = parsePolicies([
    { index: 0, name: 'gold', default: true },
    { index: 1, name: 'silver' },
  ]) as StoragePolicies
  const device = await ObjectDevice.open({
    environment,
    devicesPath: '/devices',
    device: 'sda',
    mountCheck: 'any_directory',
    policies,
    salt: TEST_SALT,
    log: silentLogger,
    newDevice: parts.newDevice ?? 'part_of_new_cluster',
    operationsMax: 3,
  })
  const { random } = environment
  const sender = new RowSender({ transport: containers, log: silentLogger })
  const handler = createObjectServer({
    device,
    policies,
    salt: TEST_SALT,
    clock,
    random,
    log: silentLogger,
    sender,
    version: '0.0.0',
  })
  return { disk, kv, clock, containers, sender, device, policies, handler }
}

export interface TestRequest {
  readonly path?: string
  readonly query?: string
  readonly headers?: Record<string, string>
  readonly body?: Buffer | string | RequestBody
}

export const OBJECT_PATH = '/sda/0/a/c/o'

/** Sends one request and reads the answer whole. Lower-case header names. */
export async function send(
  server: Pick<TestServer, 'handler'>,
  method: string,
  request: TestRequest = {},
): Promise<{ status: number; headers: Response['headers']; body: Buffer; text: string }> {
  const body =
    typeof request.body === 'string' || Buffer.isBuffer(request.body) || request.body === undefined
      ? bufferBody(Buffer.from(request.body ?? ''))
      : request.body
  const length =
    body.lengthBytes === undefined
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(body.lengthBytes) }
  const response = await server.handler(
    ownRequest({
      method,
      path: request.path ?? OBJECT_PATH,
      query: request.query ?? '',
      headers: { ...length, ...request.headers },
      body,
    }),
  )
  const bytes = await readWhole(response.body, 2 ** 30)
  return { status: response.status, headers: response.headers, body: bytes, text: bytes.toString() }
}

/** `1700000000.00000` and so many seconds. */
export function at(seconds: number): string {
  return `${1_700_000_000 + seconds}.00000`
}

/** PUT of a text at a second. */
export function put(
  server: Pick<TestServer, 'handler'>,
  seconds: number,
  body: TestRequest['body'],
  headers: Record<string, string> = {},
  path = OBJECT_PATH,
): ReturnType<typeof send> {
  return send(server, 'PUT', {
    path,
    headers: { 'x-timestamp': at(seconds), 'content-type': 'text/plain', ...headers },
    ...(body === undefined ? {} : { body }),
  })
}
