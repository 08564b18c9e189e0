/** Since when partitions are thin, over restarts: `census.json` on the device. Without it the times begin anew. */
import { join } from 'node:path'
import type { Disk } from '#base/environment.ts'
import type { CensusMemory } from '#census/census.ts'
import { readIfThere, writeDurably } from './durable-file.ts'

const FILE = 'census.json'
const VERSION = 1

export function censusMemory(disk: Disk, devicePath: string): CensusMemory {
  const path = join(devicePath, FILE)
  return {
    load: async () => parse((await readIfThere(disk, path).catch(() => undefined))?.toString() ?? ''),
    save: async (sinceMs) => {
      const text = JSON.stringify({ version: VERSION, sinceMs: Object.fromEntries(sinceMs) })
      await writeDurably(disk, path, Buffer.from(`${text}\n`))
    },
  }
}

function parse(text: string): ReadonlyMap<string, number> {
  try {
    const value = JSON.parse(text) as { readonly version?: unknown; readonly sinceMs?: unknown } | null
    if (value?.version !== VERSION || typeof value.sinceMs !== 'object' || value.sinceMs === null)
      return new Map()
    const entries = Object.entries(value.sinceMs).filter(([, since]) => typeof since === 'number')
    return new Map(entries as [string, number][])
  } catch {
    return new Map()
  }
}
