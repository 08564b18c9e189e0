/** Fills the devices of a `martlet start` that is stopped, each by its own engine and two at a time (`fill-device.ts`). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const DEVICES = ['d1', 'd2', 'd3', 'd4']
const PARALLEL = 2

export interface Filling {
  /** Data directory of the cluster, which has been started once. */
  readonly data: string
  readonly account: string
  readonly container: string
  /** Named `object-<number>`, as many copies of each as the ring says. */
  readonly objects: number
  /** Size of each; its name's length by default. */
  readonly bytes?: number
  readonly keep?: 'files' | 'index'
  /** When the objects expire, seconds since the epoch; 0, the default, for never. */
  readonly deleteAt?: number
  /** Devices filled at the same time. */
  readonly parallel?: number
}

/** Throws when a device cannot be filled. */
export async function fillCluster(filling: Filling): Promise<void> {
  const waiting = [...DEVICES]
  const work = async (): Promise<void> => {
    for (let device = waiting.shift(); device !== undefined; device = waiting.shift())
      await fillDevice(filling, device)
  }
  await Promise.all(Array.from({ length: filling.parallel ?? PARALLEL }, work))
}

async function fillDevice(filling: Filling, device: string): Promise<void> {
  const { data, account, container, objects, bytes = 0, keep = 'files', deleteAt = 0 } = filling
  const what = [data, device, account, container, String(objects)]
  await run('fill-device.ts', device, [...what, String(bytes), keep, String(deleteAt)])
  if (deleteAt > 0) await run('fill-queue.ts', device, [...what, String(deleteAt)])
}

async function run(program: string, device: string, words: readonly string[]): Promise<void> {
  const args = [path.join(import.meta.dirname, program), ...words]
  const [code] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${device} could not be filled`)
}
