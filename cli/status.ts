/** `martlet status`: asks the owner of every device, and prints one page or JSON, or serves a page for a browser. */

import { createHash } from 'node:crypto'
import type { Disk } from '#base/environment.ts'
import { CENSUS_PATH, type CensusReport } from '#census/census-report.ts'
import { discard, readWhole } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'
import { DEVICE_PATH, type DeviceFigures } from '#node/device-figures.ts'
import { parseEndpoint } from '#node/endpoint-option.ts'
import { realEnvironment } from '#node/environment.ts'
import { RINGS_PATH, type RingsReport } from '#node/ring-distribution.ts'
import { type Answered, ClusterAccess, type ClusterArguments, type ClusterDevice } from './cluster-access.ts'
import { complain, say } from './report.ts'
import { statusPage } from './status-page.ts'
import {
  type ClusterStatus,
  type DeviceStatus,
  type ProxyStatus,
  type RingUser,
  summarise,
} from './status-summary.ts'
import { DEFAULT_VIEW_PORT, serveStatus } from './status-view/serve.ts'

export interface StatusArguments extends ClusterArguments {
  readonly json?: true
  /** Port of a page for a browser; `true`: the default one. */
  readonly serve?: string | true
}

const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** Exit code 1 when the cluster cannot be found; problems of the cluster are its page's. */
export async function status(args: StatusArguments): Promise<void> {
  const port = portOf(args.serve)
  if (port === 'wrong') return complain(`--serve takes a port, and not ${args.serve}`)
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  try {
    if (port !== undefined) return await serveStatus(() => askAnew(args), port)
    const found = await statusOf(access)
    say(args.json === true ? JSON.stringify(found) : statusPage(found))
  } finally {
    await access.close()
  }
}

function portOf(option: StatusArguments['serve']): number | 'wrong' | undefined {
  if (option === undefined) return undefined
  if (option === true) return DEFAULT_VIEW_PORT
  const port = Number(option)
  return /^\d{1,5}$/.test(option) && port <= 65_535 ? port : 'wrong'
}

/** With the rings and the configuration as they are now. Rejects when the cluster cannot be found. */
async function askAnew(args: ClusterArguments): Promise<ClusterStatus> {
  const access = await ClusterAccess.open(args)
  if ('problem' in access) throw new Error(access.problem)
  try {
    return await statusOf(access)
  } finally {
    await access.close()
  }
}

/** Asks every process at the same time. */
export async function statusOf(access: ClusterAccess): Promise<ClusterStatus> {
  const environment = realEnvironment()
  const [answers, proxies, own] = await Promise.all([
    Promise.all(access.devices.map((device) => lookAt(access, device))),
    Promise.all(access.proxies.map((address) => lookAtProxy(access, address))),
    ownRings(access, environment.disk),
  ])
  return summarise({
    cluster: access.cluster.id,
    nowMs: environment.clock.wallMs(),
    devices: answers.map(({ status }) => status),
    census: answers.flatMap(({ census }) => (census === undefined ? [] : [census])),
    partitions: new Map(
      access.policies.map(({ index }) => [index, access.rings.object(index)?.ring.partitionCount ?? 0]),
    ),
    proxies: proxies.map(({ status }) => status),
    ringUsers: [
      own,
      ...answers.flatMap(({ rings }) => rings ?? []),
      ...proxies.flatMap(({ rings }) => rings ?? []),
    ],
  })
}

/** The files of this machine; `settled`, because no data is here. */
async function ownRings(access: ClusterAccess, disk: Disk): Promise<RingUser> {
  const rings: RingUser['rings'][number][] = []
  for (const [name, { ring, path }] of access.rings.all()) {
    const file = await disk.readFile(path).catch(() => Buffer.alloc(0))
    const digest = createHash('sha256').update(file).digest('hex')
    rings.push({ name, version: ring.version ?? null, digest, settled: true })
  }
  return { name: 'this machine', rings }
}

interface DeviceAnswers {
  readonly status: DeviceStatus
  readonly census?: CensusReport | undefined
  readonly rings?: RingUser | undefined
}

async function lookAt(access: ClusterAccess, device: ClusterDevice): Promise<DeviceAnswers> {
  const { host, device: name, region, zone, inside } = device
  const place = { host, device: name, region, zone }
  const figures = await askJson<DeviceFigures>(access, inside, DEVICE_PATH)
  if ('problem' in figures) return { status: { ...place, figures: undefined, problem: figures.problem } }
  const census = await askJson<CensusReport>(access, inside, CENSUS_PATH)
  return {
    status: { ...place, figures: figures.value, problem: undefined },
    census: 'problem' in census ? undefined : census.value,
    rings: await ringsUsedBy(access, inside, `${host} ${name}`),
  }
}

async function lookAtProxy(
  access: ClusterAccess,
  address: string,
): Promise<{ readonly status: ProxyStatus; readonly rings: RingUser | undefined }> {
  const endpoint = parseEndpoint(address)
  const asked = await access.ask(endpoint, { method: 'GET', path: '/healthcheck' })
  const problem = await problemOf(asked)
  const rings = problem === undefined ? await ringsUsedBy(access, endpoint, `proxy ${address}`) : undefined
  return { status: { address, problem }, rings }
}

async function problemOf(asked: Answered): Promise<string | undefined> {
  if (asked.kind === 'failed') return asked.reason
  await discard(asked.response)
  return asked.response.status === 200 ? undefined : `answer ${asked.response.status}`
}

async function ringsUsedBy(
  access: ClusterAccess,
  endpoint: Endpoint,
  name: string,
): Promise<RingUser | undefined> {
  const report = await askJson<RingsReport>(access, endpoint, RINGS_PATH)
  return 'problem' in report ? undefined : { name, rings: report.value.rings }
}

async function askJson<Value>(
  access: ClusterAccess,
  endpoint: Endpoint,
  path: string,
): Promise<{ readonly value: Value } | { readonly problem: string }> {
  const asked = await access.ask(endpoint, { method: 'GET', path })
  if (asked.kind === 'failed') return { problem: asked.reason }
  const { status, body } = asked.response
  try {
    const text = (await readWhole(body, ANSWER_BYTES_MAX)).toString()
    return status === 200 ? { value: JSON.parse(text) as Value } : { problem: text || `answer ${status}` }
  } catch (error) {
    return {
      problem: `an answer that cannot be understood (${error instanceof Error ? error.message : String(error)})`,
    }
  }
}
