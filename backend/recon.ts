/**
 * `/recon/…`: what `swift-recon` and monitoring ask a storage server (OpenStack Swift, `middleware/recon.py`). Answers
 * have Swift's fields where they fit. Everything is read through the providers given; what nobody provides is answered
 * with Swift's empty values, and a path that Swift does not know with 404.
 */
import type { Clock, Disk } from '#base/environment.ts'
import type { Layer, Request, Response } from '#http/message.ts'
import { answer, textAnswer } from './answers.ts'
import type { Drive } from './drive-state.ts'

export type ServerType = 'account' | 'container' | 'object'

/** Counts of what was taken out of service (`/recon/quarantined`). */
export interface QuarantinedCounts {
  readonly accounts: number
  readonly containers: number
  readonly objects: number
  /** Objects by storage policy index. */
  readonly policies: Readonly<Record<string, { readonly objects: number }>>
}

/** Figures of a background worker, as Swift's caches have them, or `undefined` when it never ran. */
export type WorkerFigures = Readonly<Record<string, number | string | object | null>>

export interface ReconProviders {
  readonly version: string
  readonly clock: Clock
  /** What the process takes the time to be, and how its clock stands (`clock-watch.ts`). */
  readonly clockStanding?: (() => object) | undefined
  readonly disk: Disk
  readonly devicesPath: string
  readonly drives: readonly Drive[]
  /** MD5 of each ring file, by path. */
  readonly ringMd5?: () => Promise<Readonly<Record<string, string | null>>>
  /** MD5 of the configuration file, by path. */
  readonly configMd5?: () => Promise<Readonly<Record<string, string | null>>>
  /** Updates that wait for delivery. */
  readonly asyncPending?: () => Promise<number>
  readonly quarantined?: () => Promise<QuarantinedCounts>
  readonly worker?: (worker: WorkerName, type: ServerType) => WorkerFigures | undefined
}

export type WorkerName =
  | 'replication'
  | 'updater'
  | 'auditor'
  | 'expirer'
  | 'sharding'
  | 'relinker'
  | 'reconstruction'

/** Swift's fields of each worker, given as null when there is nothing to tell. */
const WORKER_FIELDS: Readonly<Record<WorkerName, (type: ServerType) => readonly string[]>> = {
  replication: (type) => [
    'replication_time',
    'replication_stats',
    'replication_last',
    ...(type === 'object' ? ['object_replication_time', 'object_replication_last'] : []),
  ],
  updater: (type) => [`${type}_updater_sweep`],
  auditor: (type) =>
    type === 'object'
      ? ['object_auditor_stats_ALL', 'object_auditor_stats_ZBF']
      : [
          `${type}_audits_passed`,
          `${type}_auditor_pass_completed`,
          `${type}_audits_since`,
          `${type}_audits_failed`,
        ],
  expirer: () => ['object_expiration_pass', 'expired_last_pass'],
  sharding: () => ['sharding_stats', 'sharding_time', 'sharding_last'],
  relinker: () => ['devices', 'workers'],
  reconstruction: () => ['object_reconstruction_last', 'object_reconstruction_time'],
}

/** Which server types each worker is asked about; without a type in the path the one given here. */
const WORKER_TYPES: Readonly<
  Record<WorkerName, { readonly types: readonly ServerType[]; readonly none?: ServerType }>
> = {
  replication: { types: ['account', 'container', 'object'], none: 'object' },
  updater: { types: ['container', 'object'] },
  auditor: { types: ['account', 'container', 'object'] },
  expirer: { types: ['object'] },
  sharding: { types: [], none: 'container' },
  relinker: { types: [], none: 'object' },
  reconstruction: { types: ['object'] },
}

const NOTHING_QUARANTINED: QuarantinedCounts = { accounts: 0, containers: 0, objects: 0, policies: {} }

export function recon(providers: ReconProviders): Layer {
  return (inner) => async (request) => {
    if (request.path !== '/recon' && !request.path.startsWith('/recon/')) return inner(request)
    if (request.method !== 'GET') return answer(405, { allow: 'GET' })
    return serve(request, providers)
  }
}

async function serve(request: Request, providers: ReconProviders): Promise<Response> {
  const [, , check = '', type] = request.path.split('/')
  const content = await contentOf(check, type, providers)
  if (content === undefined) return textAnswer(404, `Invalid path: ${request.path}`)
  const body = Buffer.from(JSON.stringify(content))
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  }
}

async function contentOf(
  check: string,
  type: string | undefined,
  providers: ReconProviders,
): Promise<unknown> {
  if (Object.hasOwn(WORKER_TYPES, check)) return workerContent(check as WorkerName, type, providers)
  switch (check) {
    case 'version':
      return { version: providers.version }
    case 'time':
      return providers.clock.wallMs() / 1000
    case 'clock':
      return providers.clockStanding?.() ?? {}
    case 'mem':
      return memory(await textOf(providers, '/proc/meminfo'))
    case 'load':
      return load(await textOf(providers, '/proc/loadavg'))
    case 'mounted':
      return mounted(await textOf(providers, '/proc/mounts'))
    case 'sockstat':
      return sockets(
        await textOf(providers, '/proc/net/sockstat'),
        await textOf(providers, '/proc/net/sockstat6'),
      )
    case 'devices':
      return { [providers.devicesPath]: providers.drives.map((drive) => drive.device) }
    case 'diskusage':
      return Promise.all(providers.drives.map(diskUsage))
    case 'unmounted':
      return unmounted(providers.drives)
    case 'driveaudit':
      return { drive_audit_errors: await failedDrives(providers.drives) }
    case 'ringmd5':
      return (await providers.ringMd5?.()) ?? {}
    case 'swiftconfmd5':
      return (await providers.configMd5?.()) ?? {}
    case 'quarantined':
      return (await providers.quarantined?.()) ?? NOTHING_QUARANTINED
    case 'async':
      return {
        async_pending: (await providers.asyncPending?.()) ?? null,
        async_pending_last: providers.clock.wallMs() / 1000,
      }
    default:
      return undefined
  }
}

function workerContent(worker: WorkerName, written: string | undefined, providers: ReconProviders): unknown {
  const { types, none } = WORKER_TYPES[worker]
  const type = written === undefined ? none : types.find((one) => one === written)
  if (type === undefined) return undefined
  const figures = providers.worker?.(worker, type) ?? {}
  return Object.fromEntries(WORKER_FIELDS[worker](type).map((field) => [field, figures[field] ?? null]))
}

async function diskUsage(drive: Drive): Promise<object> {
  const space = await drive.space()
  if (space === undefined) return { device: drive.device, mounted: false, size: '', used: '', avail: '' }
  const used = space.totalBytes - space.freeBytes
  return { device: drive.device, mounted: true, size: space.totalBytes, used, avail: space.freeBytes }
}

async function unmounted(drives: readonly Drive[]): Promise<readonly object[]> {
  const states = await Promise.all(drives.map(async (drive) => ({ drive, state: await drive.state() })))
  return states
    .filter(({ state }) => state.kind === 'missing' || state.kind === 'unmounted' || state.kind === 'failed')
    .map(({ drive, state }) => ({
      device: drive.device,
      mounted: state.kind === 'failed' ? state.reason : false,
    }))
}

async function failedDrives(drives: readonly Drive[]): Promise<number> {
  const states = await Promise.all(drives.map((drive) => drive.state()))
  return states.filter((state) => state.kind === 'failed').length
}

/** Empty where the machine has no such file. */
async function textOf(providers: ReconProviders, path: string): Promise<string> {
  try {
    return (await providers.disk.readFile(path)).toString()
  } catch {
    return ''
  }
}

function memory(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.includes(':'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
}

function load(text: string): object {
  const [one, five, fifteen, tasks = '', processes] = text.trim().split(/\s+/)
  return {
    '1m': Number(one),
    '5m': Number(five),
    '15m': Number(fifteen),
    tasks,
    processes: Number(processes),
  }
}

function mounted(text: string): readonly object[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const [device = '', path = ''] = line.split(' ')
    return { device, path }
  })
}

/** Bytes of a page of memory on the machines we run on; the kernel counts TCP memory in pages. */
const PAGE_BYTES = 4096

function sockets(text: string, text6: string): object {
  const tcp = /^TCP: inuse (\d+) orphan (\d+) tw (\d+) alloc \d+ mem (\d+)/m.exec(text)
  const tcp6 = /^TCP6: inuse (\d+)/m.exec(text6)
  return {
    ...(tcp === null
      ? {}
      : {
          tcp_in_use: Number(tcp[1]),
          orphan: Number(tcp[2]),
          time_wait: Number(tcp[3]),
          tcp_mem_allocated_bytes: Number(tcp[4]) * PAGE_BYTES,
        }),
    ...(tcp6 === null ? {} : { tcp6_in_use: Number(tcp6[1]) }),
  }
}
