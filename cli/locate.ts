/**
 * `martlet locate ACCOUNT [CONTAINER [OBJECT]]`: where a name lives by the rings, and what each of those places holds at
 * this moment. Nothing is changed; nothing is guessed: every place is asked.
 */
import { policyString } from '#backend/policies.ts'
import { QUARANTINED_HEADER } from '#base/extensions.ts'
import { encodedPathOf, hashName, type ResourceName } from '#base/names.ts'
import { parseTimestamp, TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import { discard, type HeaderMap, headerOf, type Response } from '#http/message.ts'
import { hostAndPort, type RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import { ClusterAccess, type ClusterArguments } from './cluster-access.ts'
import { amount } from './readable.ts'
import { complain, say } from './report.ts'
import { textTable } from './ring-tables.ts'

export interface LocateArguments extends ClusterArguments {
  readonly policy?: string
  readonly all?: true
  readonly json?: true
}

export interface Place {
  readonly role: 'primary' | 'handoff'
  readonly host: string
  readonly port: number
  readonly device: string
  readonly zone: number
  readonly region: number
  /** `there`, `deleted`, `quarantined`, `an older one` in the place of what was quarantined, `missing`, or why it could not be asked. */
  readonly state: string
  readonly status: number | undefined
  /** May its silence prove anything? */
  readonly voice: string | undefined
  /** When it last changed there, as Swift writes times. */
  readonly timestamp: string | undefined
  readonly dataTimestamp: string | undefined
  readonly etag: string | undefined
  readonly sizeBytes: number | undefined
  readonly objects: number | undefined
  readonly containers: number | undefined
}

export interface Location {
  readonly name: string
  readonly hash: string
  readonly ring: string
  readonly partition: number
  readonly policy: number | undefined
  /** Where its files lie below a device's directory; objects only. */
  readonly files: string | undefined
  readonly places: readonly Place[]
  readonly verdict: string
}

/** Exit code 1 when the primaries are not all there and alike. */
export async function locate(
  account: string,
  container: string | undefined,
  object: string | undefined,
  args: LocateArguments,
): Promise<void> {
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  try {
    const found = await locationOf(access, { account, container, object }, args)
    if ('problem' in found) return complain(found.problem)
    say(args.json === true ? JSON.stringify(found) : locationText(found))
    if (found.verdict !== ALIKE) process.exitCode = 1
  } finally {
    await access.close()
  }
}

const ALIKE = 'all primaries hold the same'
/** What it had was newer, and was lost. */
const OLDER = 'an older one'

async function locationOf(
  access: ClusterAccess,
  name: ResourceName,
  args: LocateArguments,
): Promise<Location | { readonly problem: string }> {
  const policy = name.object === undefined ? undefined : await policyOf(access, name, args.policy)
  if (typeof policy === 'object') return policy
  const which = ringOf(access, name, policy)
  if (which === undefined) return { problem: `there is no ring for policy ${policy}` }
  const hash = hashName(name, access.cluster.salt)
  const partition = which.ring.partitionOf(hash)
  const primaries = which.ring.primaries(partition)
  const handoffs = firstOf(which.ring.handoffs(partition), args.all === true ? Infinity : primaries.length)
  const ask = (device: RingDevice, role: Place['role']): Promise<Place> =>
    askPlace(access, { device, role, partition, name, policy })
  const places = await Promise.all([
    ...primaries.map((device) => ask(device, 'primary')),
    ...handoffs.map((device) => ask(device, 'handoff')),
  ])
  return {
    name: pathText(name),
    hash,
    ring: which.name,
    partition,
    policy,
    files:
      policy === undefined ? undefined : `${policyString('objects', policy)}/${hash.slice(0, 2)}/${hash}_*`,
    places,
    verdict: verdictOf(places),
  }
}

function ringOf(
  { rings }: ClusterAccess,
  { container, object }: ResourceName,
  policy: number | undefined,
): { readonly name: string; readonly ring: Ring } | undefined {
  if (container === undefined) return { name: 'account', ring: rings.account.ring }
  if (object === undefined) return { name: 'container', ring: rings.container.ring }
  const ring = rings.object(policy ?? 0)?.ring
  return ring && { name: policyString('object', policy ?? 0), ring }
}

/** The policy that was named, or the one that the container has. */
async function policyOf(
  access: ClusterAccess,
  { account, container }: ResourceName,
  written: string | undefined,
): Promise<number | { readonly problem: string }> {
  if (written !== undefined) {
    const known = access.policies.find(({ index, name }) => name === written || String(index) === written)
    return known?.index ?? { problem: `there is no policy ${written}` }
  }
  const name = { account, container }
  const { ring } = access.rings.container
  const partition = ring.partitionOf(hashName(name, access.cluster.salt))
  for (const { ip, port, device } of ring.primaries(partition)) {
    const path = `/${encodeURIComponent(device)}/${partition}${encodedPathOf(name)}`
    const asked = await access.ask({ host: ip, port }, { method: 'HEAD', path, headers: RESERVED })
    if (asked.kind === 'failed') continue
    await discard(asked.response)
    const index = headerOf(asked.response, 'x-backend-storage-policy-index')
    if (index !== undefined && asked.response.status < 300) return Number(index)
  }
  return access.policies[0]?.index ?? 0
}

const RESERVED: HeaderMap = { 'x-backend-allow-reserved-names': 'true' }

interface PlaceToAsk {
  readonly device: RingDevice
  readonly role: Place['role']
  readonly partition: number
  readonly name: ResourceName
  readonly policy: number | undefined
}

async function askPlace(access: ClusterAccess, place: PlaceToAsk): Promise<Place> {
  const { device, role, partition, name, policy } = place
  const { ip: host, port, zone, region } = device
  const asked = await access.ask(
    { host, port },
    {
      method: 'HEAD',
      path: `/${encodeURIComponent(device.device)}/${partition}${encodedPathOf(name)}`,
      headers: {
        ...RESERVED,
        'x-backend-open-expired': 'true',
        ...(policy === undefined ? {} : { 'x-backend-storage-policy-index': String(policy) }),
      },
    },
  )
  const common = { role, host, port, device: device.device, zone, region }
  if (asked.kind === 'failed') return { ...common, ...NOTHING, state: asked.reason }
  await discard(asked.response)
  return { ...common, ...holdingsOf(asked.response) }
}

const NOTHING = {
  status: undefined,
  voice: undefined,
  timestamp: undefined,
  dataTimestamp: undefined,
  etag: undefined,
  sizeBytes: undefined,
  objects: undefined,
  containers: undefined,
}

function holdingsOf(
  response: Response,
): Omit<Place, 'role' | 'host' | 'port' | 'device' | 'zone' | 'region'> {
  const header = (name: string): string | undefined => headerOf(response, name)
  const number = (name: string): number | undefined => {
    const value = header(name)
    return value === undefined ? undefined : Number(value)
  }
  const isThere = response.status >= 200 && response.status < 300
  const ifThere = <Value>(value: Value): Value | undefined => (isThere ? value : undefined)
  return {
    state: stateOf(response),
    status: response.status,
    voice: header('x-backend-martlet-replica-state'),
    timestamp: header('x-backend-timestamp') ?? header('x-backend-status-changed-at'),
    dataTimestamp: ifThere(header('x-backend-data-timestamp')),
    etag: ifThere(header('etag')?.replaceAll('"', '')),
    sizeBytes: ifThere(
      number('x-container-bytes-used') ?? number('x-account-bytes-used') ?? number('content-length'),
    ),
    objects: ifThere(number('x-container-object-count') ?? number('x-account-object-count')),
    containers: ifThere(number('x-account-container-count')),
  }
}

function stateOf(response: Response): string {
  const { status } = response
  const isLost = headerOf(response, QUARANTINED_HEADER) === 'true'
  if (status >= 200 && status < 300) return isLost ? OLDER : 'there'
  if (status === 507) return 'device out of use'
  if (status !== 404) return `answer ${status}`
  if (isLost) return 'quarantined'
  const isDeleted = headerOf(response, 'x-account-status') === 'Deleted'
  return isDeleted || isTimed(headerOf(response, 'x-backend-timestamp')) ? 'deleted' : 'missing'
}

/** A 404 with a time is that of a tombstone. */
function isTimed(timestamp: string | undefined): boolean {
  return timestamp !== undefined && Number.parseFloat(timestamp) > 0
}

function verdictOf(places: readonly Place[]): string {
  const primaries = places.filter(({ role }) => role === 'primary')
  const silent = primaries.filter(({ status }) => status === undefined || status >= 500)
  if (silent.length > 0) return `${silent.length} of ${primaries.length} primaries cannot be asked`
  const alike = new Set(primaries.map(versionText))
  if (alike.size > 1) return 'the primaries differ'
  const [first] = primaries
  if (first?.state === 'quarantined' || first?.state === OLDER) return 'every primary has lost it'
  return first?.state === 'missing' ? 'nobody has it' : ALIKE
}

/** What must be equal. Accounts and containers count by what they hold; their times differ by who reported when. */
function versionText({ state, timestamp, etag, objects, containers, sizeBytes }: Place): string {
  const isDatabase = objects !== undefined
  return JSON.stringify([
    state,
    isDatabase ? '' : timestamp,
    isDatabase ? '' : etag,
    objects,
    containers,
    sizeBytes,
  ])
}

function locationText(location: Location): string {
  const { name, hash, ring, partition, policy, files, places, verdict } = location
  const lines = [
    `${name}`,
    `ring ${ring}, partition ${partition}, hash ${hash}${policy === undefined ? '' : `, policy ${policy}`}`,
  ]
  if (files !== undefined) lines.push(`on a device: ${files}`)
  lines.push('', textTable(HEAD, places.map(placeCells)), '', verdict)
  return lines.join('\n')
}

const HEAD = ['', 'address', 'zone', 'device', 'holds', 'changed', 'etag', 'bytes', 'objects', 'votes']

function placeCells(place: Place): readonly string[] {
  const { role, host, port, zone, region, device, state, timestamp, etag, sizeBytes, objects, voice } = place
  return [
    role,
    hostAndPort(host, port),
    `r${region}z${zone}`,
    device,
    state,
    timeText(timestamp),
    etag ?? '',
    sizeBytes === undefined ? '' : amount(sizeBytes),
    objects === undefined ? '' : amount(objects),
    voice === undefined || voice === 'synced' ? '' : voice,
  ]
}

/** `1700000000.00000 (2023-11-14T22:13:20Z)` */
function timeText(written: string | undefined): string {
  const timestamp = written === undefined ? undefined : parseTimestamp(written)
  if (timestamp === undefined || ticksOf(timestamp) === 0) return ''
  const iso = new Date((ticksOf(timestamp) / TICKS_PER_SECOND) * 1000).toISOString()
  return `${timestamp} (${iso.slice(0, 19)}Z)`
}

function pathText({ account, container, object }: ResourceName): string {
  return ['', account, container, object].filter((part) => part !== undefined).join('/')
}

function firstOf<Item>(items: Iterable<Item>, count: number): readonly Item[] {
  const found: Item[] = []
  for (const item of items) {
    if (found.length >= count) break
    found.push(item)
  }
  return found
}
