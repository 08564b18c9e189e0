/** Disks and stores in memory as texts that can be kept in a file and read again. */
import type { Disk } from '#base/environment.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'

/** Attributes that Martlet gives to files. */
const ATTRIBUTES = ['user.martlet.metadata'] as const

export interface GoldenFile {
  /** Base64. */
  readonly bytes: string
  /** Hexadecimal, by name. */
  readonly attributes: Readonly<Record<string, string>>
}

/** By path. */
export type GoldenFiles = Readonly<Record<string, GoldenFile>>

/** Keys and values in hexadecimal, by the path of the store. */
export type GoldenStores = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface GoldenDevice {
  readonly files: GoldenFiles
  readonly stores: GoldenStores
}

export async function dumpFiles(memory: MemoryDisk): Promise<GoldenFiles> {
  const disk = memory.remount()
  const files: Record<string, GoldenFile> = {}
  for (const path of memory.files()) {
    const attributes: Record<string, string> = {}
    for (const name of ATTRIBUTES) {
      const value = await disk.getXattr(path, name)
      if (value !== undefined) attributes[name] = value.toString('hex')
    }
    files[path] = { bytes: (await disk.readFile(path)).toString('base64'), attributes }
  }
  return files
}

/** Nobody may have a store open. */
export async function dumpStores(kv: MemoryKv): Promise<GoldenStores> {
  const stores: Record<string, Record<string, string>> = {}
  for (const path of kv.paths()) {
    const store = await kv.open(path)
    const entries = await store.iterator().all()
    stores[path] = Object.fromEntries(
      entries.map(([key, value]) => [key.toString('hex'), value.toString('hex')]),
    )
    await store.close()
  }
  return stores
}

export async function loadFiles(files: GoldenFiles): Promise<MemoryDisk> {
  const memory = new MemoryDisk()
  const disk = memory.remount()
  for (const [path, file] of Object.entries(files)) await loadFile(disk, path, file)
  return memory
}

async function loadFile(disk: Disk, path: string, { bytes, attributes }: GoldenFile): Promise<void> {
  await disk.mkdir(path.slice(0, path.lastIndexOf('/')) || '/', { recursive: true })
  const file = await disk.createExclusive(path)
  await file.write(Buffer.from(bytes, 'base64'), 0)
  await file.close()
  for (const [name, value] of Object.entries(attributes))
    await disk.setXattr(path, name, Buffer.from(value, 'hex'))
}

export async function loadStores(stores: GoldenStores): Promise<MemoryKv> {
  const kv = new MemoryKv()
  for (const [path, entries] of Object.entries(stores)) {
    const store = await kv.open(path)
    const puts = Object.entries(entries).map(([key, value]) => {
      return { type: 'put' as const, key: Buffer.from(key, 'hex'), value: Buffer.from(value, 'hex') }
    })
    await store.batch(puts, { sync: true } as object)
    await store.close()
  }
  return kv
}
