/**
 * What makes a cluster this cluster and no other: `cluster.json`, written once, readable by its owner only. Every host of
 * a cluster has the same file. Whoever has it can read and forge everything; without it nothing that is stored is found.
 */
import type { KeySecret } from '#auth/key-ring.ts'
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
  /**
   * Under which secrets in records are sealed: the first one seals, the others still open. An operator adds them to rotate;
   * until then, and for what was sealed until then, there is one that is derived from the other secrets (`recordKeysOf`).
   */
  readonly recordKeys?: readonly { readonly id: number; readonly secret: string }[] | undefined
  /** `none`: the users for development, which everybody knows, are let in no more. */
  readonly developmentUsers?: 'none' | undefined
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

/** Of the key of a cluster that never rotated: no key of the file may have it. */
const DERIVED_KEY_ID = 0

/** The keys of the records, the derived one among them. */
export function recordKeysOf({ recordKeys = [], nodeSecret, salt }: ClusterFile): readonly KeySecret[] {
  const secret = nodeSecret === '' ? salt.prefix + salt.suffix : nodeSecret
  return [...recordKeys, { id: DERIVED_KEY_ID, secret }]
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
  if (!Array.isArray(tokenKeys) || tokenKeys.length === 0 || !tokenKeys.every(isKey)) {
    return missing(path, 'tokenKeys')
  }
  const recordKeys = value['recordKeys'] as ClusterFile['recordKeys']
  if (recordKeys !== undefined && !(Array.isArray(recordKeys) && recordKeys.every(isKey))) {
    return missing(path, 'recordKeys')
  }
  return {
    id: typeof id === 'string' ? id : '',
    salt: { prefix: salt.prefix, suffix: salt.suffix },
    nodeSecret,
    tokenKeys,
    recordKeys,
    ...(value['developmentUsers'] === 'none' ? { developmentUsers: 'none' } : {}),
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

function isKey(value: unknown): boolean {
  const key = value as { readonly id?: unknown; readonly secret?: unknown } | null
  return typeof key?.id === 'number' && typeof key.secret === 'string'
}

function missing(path: string, member: string): { readonly broken: string } {
  return { broken: `${path} is not a cluster file: ${member} is missing or wrong` }
}
