/**
 * What makes a cluster this cluster and no other: `cluster.json`, written once, readable by its owner only. Every host of
 * a cluster has the same file. Whoever has it can read and forge everything; without it nothing that is stored is found.
 */
import type { Clock, Disk, Random } from '#base/environment.ts'
import type { HashPathSalt } from '#base/names.ts'
import { readIfThere, writeDurably } from './durable-file.ts'

export interface ClusterFile {
  readonly id: string
  readonly salt: HashPathSalt
  /** Under which the processes of the cluster sign what they ask of each other. Empty: they do not sign. */
  readonly nodeSecret: string
  /** The first one seals new tokens; the others still open old ones. */
  readonly tokenKeys: readonly { readonly id: number; readonly secret: string }[]
  /** `new` until all its devices have been ready once: a device without state then holds nothing that was lost. */
  readonly age: 'new' | 'grown'
  /** When the file was made, milliseconds since the epoch; 0 when it does not say. */
  readonly createdMs: number
}

const FORMAT = 1
const ID_BYTES = 8
const SALT_BYTES = 16
const SECRET_BYTES = 32

/** A cluster that never was before. */
export function newCluster(random: Random, clock: Clock): ClusterFile {
  const chance = (count: number): string => random.bytes(count).toString('hex')
  return {
    id: chance(ID_BYTES),
    salt: { prefix: chance(SALT_BYTES), suffix: chance(SALT_BYTES) },
    nodeSecret: chance(SECRET_BYTES),
    tokenKeys: [{ id: 1, secret: chance(SECRET_BYTES) }],
    age: 'new',
    createdMs: Math.floor(clock.wallMs()),
  }
}

/** Durable when resolved. The directory and the process's umask decide who may read it. */
export async function writeClusterFile(disk: Disk, path: string, cluster: ClusterFile): Promise<void> {
  await writeDurably(disk, path, Buffer.from(`${JSON.stringify({ format: FORMAT, ...cluster }, null, 2)}\n`))
}

/** `undefined` when there is no such file; a sentence when it cannot be understood. */
export async function readClusterFile(
  disk: Disk,
  path: string,
): Promise<ClusterFile | { readonly broken: string } | undefined> {
  const bytes = await readIfThere(disk, path)
  if (bytes === undefined) return undefined
  return parseClusterFile(bytes.toString(), path)
}

function parseClusterFile(text: string, path: string): ClusterFile | { readonly broken: string } {
  const value = parseJson(text)
  if (value === undefined) return { broken: `${path} is not a cluster file: it is not JSON` }
  if (value['format'] !== FORMAT) {
    return { broken: `${path} is of format ${String(value['format'])}; this Martlet knows format ${FORMAT}` }
  }
  const { id, nodeSecret, age, createdMs } = value
  const salt = value['salt'] as Partial<HashPathSalt> | undefined
  const tokenKeys = value['tokenKeys'] as ClusterFile['tokenKeys'] | undefined
  if (typeof salt?.prefix !== 'string' || typeof salt.suffix !== 'string') return missing(path, 'salt')
  if (typeof nodeSecret !== 'string') return missing(path, 'nodeSecret')
  if (!Array.isArray(tokenKeys) || tokenKeys.length === 0 || !tokenKeys.every(isTokenKey)) {
    return missing(path, 'tokenKeys')
  }
  return {
    id: typeof id === 'string' ? id : '',
    salt: { prefix: salt.prefix, suffix: salt.suffix },
    nodeSecret,
    tokenKeys,
    age: age === 'new' ? 'new' : 'grown',
    createdMs: typeof createdMs === 'number' ? createdMs : 0,
  }
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isTokenKey(value: unknown): boolean {
  const key = value as { readonly id?: unknown; readonly secret?: unknown } | null
  return typeof key?.id === 'number' && typeof key.secret === 'string'
}

function missing(path: string, member: string): { readonly broken: string } {
  return { broken: `${path} is not a cluster file: ${member} is missing or wrong` }
}
