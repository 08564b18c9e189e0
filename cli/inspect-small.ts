/** Rings, builders, the cluster file, and the small files that hosts and devices keep beside their stores. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { Disk } from '#base/environment.ts'
import { readClusterFile } from '#node/cluster-file.ts'
import { balanceByDevice, worstBalance } from '#ring/balance.ts'
import type { Builder } from '#ring/builder.ts'
import { parseBuilder } from '#ring/builder-file.ts'
import { hostAndPort } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import { parseRing } from '#ring/ring-file.ts'
import { looksLikeSwiftBuilder, parseSwiftBuilder } from '#ring/swift-builder-file.ts'
import { problemsOf } from '#ring/validation.ts'
import type { Inspection } from './inspect.ts'

const GZIP = Buffer.from([0x1f, 0x8b])

/** Files of one line: what they are can be seen from its form. */
const MARKS: readonly {
  readonly form: RegExp
  readonly what: string
  readonly facts: (text: string) => Inspection['facts']
}[] = [
  {
    form: /^\d{10}\.\d{5}(?:_[0-9a-f]{16})?$/,
    what: 'mark of a hybrid clock',
    facts: (timestamp) => ({ timestamp, time: isoOf(Number(timestamp.slice(0, 16)) * 1000) }),
  },
  {
    form: /^\d{13}(?:\.\d+)?$/,
    what: 'latest time that a device believed',
    facts: (ms) => ({ time: isoOf(Number(ms)) }),
  },
  { form: /^\d{1,7}$/, what: 'process id of a supervisor', facts: (id) => ({ process: id }) },
  {
    form: /^[0-9a-f]{16}$/,
    what: 'mark that a host has served: its devices are not new any more',
    facts: (cluster) => ({ cluster }),
  },
]

/** Names of empty files, which have nothing but their name to say. */
const DAMAGE_MARK = /^(.+)\.damaged$/

/** What the file is says its content, not its name. */
export async function inspectSmallFile(disk: Disk, path: string): Promise<Inspection> {
  const bytes = await disk.readFile(path)
  if (bytes.subarray(0, 2).equals(GZIP)) return inspectRing(bytes)
  if (looksLikeSwiftBuilder(bytes))
    return inspectBuilder('builder of OpenStack Swift', parseSwiftBuilder(bytes))
  const store = bytes.length === 0 ? DAMAGE_MARK.exec(basename(path))?.[1] : undefined
  if (store !== undefined)
    return whole('mark: a LevelDB could not be read, and is set aside at the next start', { store })
  const text = bytes.toString()
  const mark = MARKS.find(({ form }) => form.test(text.trim()))
  if (mark !== undefined) return whole(mark.what, mark.facts(text.trim()))
  const json = parseJson(text)
  if (json === undefined)
    return { what: 'unknown', facts: { bytes: bytes.length }, problems: ['it is no file of Martlet'] }
  if ('nodeSecret' in json || basename(path) === 'cluster.json') return inspectCluster(disk, path)
  const builder = parseBuilder(bytes)
  if (!('reason' in builder)) return inspectBuilder('builder', builder)
  return inspectJson(json)
}

function inspectRing(bytes: Buffer): Inspection {
  const parsed = parseRing(bytes)
  if (parsed.kind === 'broken') return { what: 'ring', facts: {}, problems: [parsed.reason] }
  return whole('ring', ringFacts(parsed.ring, bytes))
}

function ringFacts(ring: Ring, bytes: Buffer): Readonly<Record<string, unknown>> {
  const { version, partPower, partitionCount, replicaCount, nextPartPower } = ring
  const parts = new Map<number, number>()
  for (const row of ring.assignments) for (const id of row) parts.set(id, (parts.get(id) ?? 0) + 1)
  const devices = ring.devices.filter((device) => device !== undefined)
  return {
    version,
    'part power': partPower,
    'next part power': nextPartPower,
    partitions: partitionCount,
    replicas: replicaCount,
    md5: createHash('md5').update(bytes).digest('hex'),
    devices: devices.map(({ id, region, zone, ip, port, device, weight }) => {
      return `${id}: r${region}z${zone} ${hostAndPort(ip, port)} ${device}, weight ${weight}, ${parts.get(id) ?? 0} partitions`
    }),
  }
}

function inspectBuilder(what: string, builder: Builder | { readonly reason: string }): Inspection {
  if ('reason' in builder) return { what, facts: {}, problems: [builder.reason] }
  const shares = new Map(balanceByDevice(builder).map((device) => [device.id, device]))
  return {
    what,
    facts: {
      version: builder.version,
      'part power': builder.partPower,
      replicas: builder.replicas,
      'min part hours': builder.minPartHours,
      overload: builder.overload,
      'balance %': worstBalance(builder).toFixed(2),
      devices: builder.devices
        .filter((device) => device !== undefined)
        .map(({ id, region, zone, ip, port, device, weight }) => {
          const held = shares.get(id)?.partitions ?? 0
          return `${id}: r${region}z${zone} ${hostAndPort(ip, port)} ${device}, weight ${weight}, ${held} partitions`
        }),
    },
    problems: problemsOf(builder),
  }
}

/** Secrets are told apart by fingerprints, never shown. */
async function inspectCluster(disk: Disk, path: string): Promise<Inspection> {
  const cluster = await readClusterFile(disk, path)
  if (cluster === undefined || 'broken' in cluster) {
    return { what: 'cluster file', facts: {}, problems: [cluster?.broken ?? 'it is gone'] }
  }
  return whole('cluster file', {
    id: cluster.id,
    age: cluster.age,
    'salt, fingerprint': fingerprint(`${cluster.salt.prefix}\0${cluster.salt.suffix}`),
    'node secret, fingerprint': cluster.nodeSecret === '' ? 'none' : fingerprint(cluster.nodeSecret),
    'token keys': cluster.tokenKeys.map(fingerprintOf),
    'record keys': cluster.recordKeys?.map(fingerprintOf) ?? [],
  })
}

function fingerprintOf({ id, secret }: { readonly id: number; readonly secret: string }): string {
  return `${id}: fingerprint ${fingerprint(secret)}`
}

/** Enough to see whether two hosts have the same secret, too little to guess it from. */
function fingerprint(secret: string): string {
  return createHash('sha256').update('martlet inspect').update(secret).digest('hex').slice(0, 12)
}

/** `paused-workers.json`, `census.json`. */
function inspectJson(json: Readonly<Record<string, unknown>>): Inspection {
  const { version, untilMs, sinceMs } = json
  if (version === 1 && isTimes(untilMs))
    return whole('pauses of workers', { 'paused until': timesOf(untilMs) })
  if (version === 1 && isTimes(sinceMs))
    return whole('memory of the census', { 'policy and partition, thin since': timesOf(sinceMs) })
  return {
    what: 'unknown',
    facts: { members: Object.keys(json).join(', ') },
    problems: ['it is no file of Martlet'],
  }
}

function isTimes(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isFinite)
}

function timesOf(times: Readonly<Record<string, number>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, isoOf(ms)]))
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}

function whole(what: string, facts: Readonly<Record<string, unknown>>): Inspection {
  return { what, facts, problems: [] }
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
