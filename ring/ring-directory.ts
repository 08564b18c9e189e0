/**
 * The rings of a cluster in one directory, under OpenStack Swift's names: `account.ring.gz`, `container.ring.gz`,
 * `object.ring.gz` for policy 0 and `object-1.ring.gz` for policy 1.
 */
import { join } from 'node:path'
import type { BrokenFile } from './raw-ring.ts'
import { removeLeftovers } from './ring-store.ts'
import { type RingSource, RingWatcher } from './ring-watcher.ts'

export interface RingDirectorySource extends Omit<RingSource, 'path'> {
  /** Absolute path of the directory. */
  readonly directory: string
  /** Indexes of the storage policies whose object rings are needed. */
  readonly policies: readonly number[]
}

/** File name, without directory, of the object ring of a policy. */
export function objectRingFile(policy: number): string {
  return policy === 0 ? 'object.ring.gz' : `object-${policy}.ring.gz`
}

export class RingDirectory {
  readonly account: RingWatcher
  readonly container: RingWatcher
  readonly #objects: ReadonlyMap<number, RingWatcher>

  private constructor(
    account: RingWatcher,
    container: RingWatcher,
    objects: ReadonlyMap<number, RingWatcher>,
  ) {
    this.account = account
    this.container = container
    this.#objects = objects
  }

  /** Opens every ring; answers the first that is broken or missing, named by its path. */
  static async open(
    source: RingDirectorySource,
  ): Promise<RingDirectory | (BrokenFile & { readonly path: string })> {
    await removeLeftovers(source.environment, source.directory)
    const names = ['account.ring.gz', 'container.ring.gz', ...source.policies.map(objectRingFile)]
    const opened: RingWatcher[] = []
    for (const name of names) {
      const path = join(source.directory, name)
      const watcher = await RingWatcher.open({ ...source, path })
      if (!(watcher instanceof RingWatcher)) {
        for (const other of opened) other.close()
        return { ...watcher, path }
      }
      opened.push(watcher)
    }
    const [account, container, ...objects] = opened as [RingWatcher, RingWatcher, ...RingWatcher[]]
    return new RingDirectory(
      account,
      container,
      new Map(source.policies.map((p, at) => [p, objects[at] as RingWatcher])),
    )
  }

  /** The object ring of a policy; `undefined` for a policy that was not asked for at the start. */
  object(policy: number): RingWatcher | undefined {
    return this.#objects.get(policy)
  }

  /** Every ring with the name that its file has before `.ring.gz`. */
  *all(): Iterable<readonly [name: string, watcher: RingWatcher]> {
    yield ['account', this.account]
    yield ['container', this.container]
    for (const [policy, watcher] of this.#objects)
      yield [objectRingFile(policy).replace('.ring.gz', ''), watcher]
  }

  /** The ring of a name as `all` gives it. */
  get(name: string): RingWatcher | undefined {
    for (const [known, watcher] of this.all()) if (known === name) return watcher
    return undefined
  }

  close(): void {
    for (const [, watcher] of this.all()) watcher.close()
  }
}
