/**
 * Opening the index of a device. Taking the store's lock is what makes the device ours; a second process is refused. A
 * store that cannot be read is moved away whole, never deleted, and an empty one takes its place: the device is then
 * *joining* and refills from its peers.
 */
import type { KvEngine, KvStore, Random } from '#base/environment.ts'
import type { HashPathSalt } from '#base/names.ts'
import { LevelIndex } from './level-index.ts'
import type { RowKind } from './row-kind.ts'

export interface OpenIndexOptions<Row> {
  readonly engine: KvEngine
  /** Directory of the store. */
  readonly path: string
  /** Where a damaged store goes; must be new each time. */
  readonly quarantinePath: string
  /** `damaged`: reading it failed before; it is moved away even if it opens. */
  readonly condition: 'sound' | 'damaged'
  readonly kind: RowKind<Row>
  readonly salt: HashPathSalt
  /** Draws the store's identity. */
  readonly random: Random
  readonly onFailure: (error: unknown) => void
}

export type OpenedIndex<Row> =
  | {
      readonly kind: 'opened'
      readonly store: KvStore
      readonly index: LevelIndex<Row>
      readonly damage: Damage
    }
  /** Another process has the device. */
  | { readonly kind: 'locked' }

/** `quarantined`: what was there could not be read; all of it is at `quarantinePath` now. */
export type Damage = 'none' | 'quarantined'

/** Opens the index, creating it if need be. Rejects when the disk fails. */
export async function openIndex<Row>(options: OpenIndexOptions<Row>): Promise<OpenedIndex<Row>> {
  try {
    const store = await options.engine.open(options.path)
    if (options.condition === 'sound') return opened(store, options, 'none')
    await store.close()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'LEVEL_LOCKED') return { kind: 'locked' }
    if (code !== 'LEVEL_CORRUPTION') throw error
  }
  await options.engine.move(options.path, options.quarantinePath)
  return opened(await options.engine.open(options.path), options, 'quarantined')
}

function opened<Row>(store: KvStore, options: OpenIndexOptions<Row>, damage: Damage): OpenedIndex<Row> {
  const { kind, salt, random, onFailure } = options
  const index = new LevelIndex({ store, kind, salt, random, onFailure })
  return { kind: 'opened', store, index, damage }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code
}
