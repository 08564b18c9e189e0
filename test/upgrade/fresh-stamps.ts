/** A packed data directory as if its devices had been in service until now: those away for a week do not vote at first. */
import { join } from 'node:path'
import { realClock } from '#base/real-clock.ts'
import { realDisk } from '#disk/real-disk.ts'
import { levelEngine } from '#kv/open-level.ts'

/** The key of the state of all partitions, by store (`docs/on-disk.md`, section 6). */
const STAMPS: readonly (readonly [store: string, key: Buffer])[] = [
  ['state', Buffer.from('replicas/\0')],
  ['containers', Buffer.from([0, 2, 0])],
  ['accounts', Buffer.from([0, 2, 0])],
]

export async function freshenStamps(devicePath: string): Promise<void> {
  const engine = levelEngine(realDisk, realClock)
  for (const [name, key] of STAMPS) {
    const store = await engine.open(join(devicePath, name))
    const stored = await store.get(key)
    if (stored === undefined) throw new Error(`${name} of ${devicePath} has no stamp`)
    const record = JSON.parse(stored.toString()) as Record<string, unknown>
    await store.put(key, Buffer.from(JSON.stringify({ ...record, aliveMs: Date.now() })))
    await store.close()
  }
}
