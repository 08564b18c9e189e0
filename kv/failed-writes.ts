/** Tells of the first write that fails in any store of an engine: `fail-stop.ts` takes none after it. */
import type { KvEngine, KvStore } from '#base/environment.ts'
import { aroundWrites } from './fail-stop.ts'

/** The engine, whose stores tell `onFailed` of it before whoever wrote hears of it. */
export function tellingOfFailedWrites(
  engine: KvEngine,
  onFailed: (path: string, error: unknown) => void,
): KvEngine {
  const telling = (store: KvStore, path: string): KvStore => {
    let told = false
    return aroundWrites(store, async (write) => {
      try {
        return await write()
      } catch (error) {
        if (!told && !isClosed(error)) onFailed(path, error)
        told = true
        throw error
      }
    })
  }
  return {
    open: async (path) => telling(await engine.open(path), path),
    move: (path, target) => engine.move(path, target),
  }
}

/** Who writes to a store that was closed meets no fault of the disk. */
function isClosed(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'LEVEL_DATABASE_NOT_OPEN'
}
