/**
 * The directory of a cluster on one machine (`martlet start`):
 *
 *     cluster.json      who the cluster is, and its secrets
 *     lock/             a LevelDB whose lock says that a supervisor is at work here
 *     supervisor.pid    its process id, for people
 *     rings/            account.ring.gz container.ring.gz object.ring.gz object-1.ring.gz…
 *     devices/d1/ …     one device each
 *
 * One supervisor at a time: whoever holds the lock. A directory that holds something else is left alone, and so is one
 * whose devices hold something although `cluster.json` is missing: under a new salt none of it would be found again.
 */
import { join } from 'node:path'
import type { Disk, Environment, KvStore } from '#base/environment.ts'
import { namesIn } from '#disk/names-in.ts'
import { type ClusterFile, newCluster, readClusterFile, writeClusterFile } from './cluster-file.ts'
import { codeOf, makeDirectoryDurably, readIfThere, removeIfThere, writeDurably } from './durable-file.ts'

/** Why the directory cannot be used, for a person. */
export interface Unusable {
  readonly failed: string
}

const CLUSTER_FILE = 'cluster.json'
const LOCK = 'lock'
const PID_FILE = 'supervisor.pid'
const RINGS = 'rings'
const DEVICES = 'devices'
/** What may lie about although there is no cluster yet: a first start that was cut short, or a fresh filesystem. */
const HARMLESS: ReadonlySet<string> = new Set([
  LOCK,
  PID_FILE,
  RINGS,
  DEVICES,
  `${CLUSTER_FILE}.unfinished`,
  'lost+found',
])

export class DataDirectory {
  readonly path: string
  readonly ringsPath: string
  readonly devicesPath: string
  readonly #environment: Environment
  readonly #lock: KvStore
  #cluster: ClusterFile

  private constructor(environment: Environment, path: string, lock: KvStore, cluster: ClusterFile) {
    this.#environment = environment
    this.#lock = lock
    this.#cluster = cluster
    this.path = path
    this.ringsPath = join(path, RINGS)
    this.devicesPath = join(path, DEVICES)
  }

  /** Takes the directory, creating it and the cluster where there is none. `pid` is this process's own. */
  static async open(environment: Environment, path: string, pid: number): Promise<DataDirectory | Unusable> {
    try {
      return await take(environment, path, pid, (lock, cluster) => {
        return new DataDirectory(environment, path, lock, cluster)
      })
    } catch (error) {
      return { failed: sentenceOf(error, path) }
    }
  }

  /** Why the directory cannot be taken at this moment, without changing anything; `undefined` when nobody has it. */
  static async whyTaken(environment: Environment, path: string): Promise<string | undefined> {
    try {
      if ((await readIfThere(environment.disk, join(path, CLUSTER_FILE))) === undefined) return undefined
      await (await environment.kv.open(join(path, LOCK))).close()
      return undefined
    } catch (error) {
      return codeOf(error) === 'LEVEL_LOCKED' ? sentenceOf(error, path) : undefined
    }
  }

  get cluster(): ClusterFile {
    return this.#cluster
  }

  /** Every device has been in service: from now on one without state is one that lost it. Durable when resolved. */
  async markGrown(): Promise<void> {
    if (this.#cluster.age !== 'grown') await this.#replaceCluster({ ...this.#cluster, age: 'grown' })
  }

  /** From now on the users for development are let in no more. Durable when resolved. */
  async dropDevelopmentUsers(): Promise<void> {
    if (this.#cluster.developmentUsers === 'none') return
    await this.#replaceCluster({ ...this.#cluster, developmentUsers: 'none' })
  }

  async #replaceCluster(cluster: ClusterFile): Promise<void> {
    await writeClusterFile(this.#environment.disk, join(this.path, CLUSTER_FILE), cluster)
    this.#cluster = cluster
  }

  /** Lets another supervisor take the directory. */
  async close(): Promise<void> {
    await removeIfThere(this.#environment.disk, join(this.path, PID_FILE))
    await this.#lock.close()
  }
}

async function take(
  environment: Environment,
  path: string,
  pid: number,
  opened: (lock: KvStore, cluster: ClusterFile) => DataDirectory,
): Promise<DataDirectory | Unusable> {
  const { disk, kv } = environment
  await makeDirectoryDurably(disk, path)
  const entries = await disk.readdir(path)
  const stranger = entries.find((entry) => !HARMLESS.has(entry))
  if (!entries.includes(CLUSTER_FILE) && stranger !== undefined) {
    return {
      failed: `${path} holds something else (${stranger}) and no Martlet cluster; name another directory`,
    }
  }
  const lock = await kv.open(join(path, LOCK))
  const cluster = await readOrCreateCluster(environment, path)
  if ('failed' in cluster) {
    await lock.close()
    return cluster
  }
  for (const name of [RINGS, DEVICES]) await disk.mkdir(join(path, name), { recursive: true })
  await disk.syncDirectory(path)
  await writeDurably(disk, join(path, PID_FILE), Buffer.from(`${pid}\n`))
  return opened(lock, cluster)
}

async function readOrCreateCluster(
  { disk, random, clock }: Environment,
  path: string,
): Promise<ClusterFile | Unusable> {
  const file = join(path, CLUSTER_FILE)
  const known = await readClusterFile(disk, file)
  if (known !== undefined) return 'broken' in known ? { failed: known.broken } : known
  const used = await findUsedDevice(disk, join(path, DEVICES))
  if (used !== undefined) {
    return {
      failed: `${file} is missing, but ${used} holds data that cannot be found again without it; restore it from a backup`,
    }
  }
  const cluster = newCluster(random, clock)
  await writeClusterFile(disk, file, cluster)
  return cluster
}

/** A device with anything in it but what a fresh filesystem has. */
async function findUsedDevice(disk: Disk, devicesPath: string): Promise<string | undefined> {
  for (const name of await namesIn(disk, devicesPath)) {
    const device = join(devicesPath, name)
    if ((await namesIn(disk, device)).some((entry) => !HARMLESS.has(entry))) return device
  }
  return undefined
}

function sentenceOf(error: unknown, path: string): string {
  const code = codeOf(error)
  if (code === 'LEVEL_LOCKED') return `another Martlet is running on ${path}; stop it first`
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return `${path} cannot be written (${code})`
  if (code === 'ENOTDIR' || code === 'EEXIST') return `${path} is not a directory`
  if (code === 'ENOENT') return `${path} cannot be created`
  if (code === 'ENOSPC') return `there is no space left for ${path}`
  return `${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`
}
