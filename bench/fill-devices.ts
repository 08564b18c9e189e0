/** Fills the four devices of a stopped cluster, some at a time, each in a process of its own (`fill-device.ts` as a rule). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

/** Those of `martlet start`. */
const DEVICES = ['d1', 'd2', 'd3', 'd4']

export interface Filling {
  /** The data folder of `martlet start`. */
  readonly data: string
  readonly account: string
  readonly container: string
  /** Devices at a time. */
  readonly parallel: number
  /** Options of the program. */
  readonly args: readonly string[]
  readonly program?: 'fill-device.ts' | 'fill-index.ts' | 'fill-queue.ts'
}

/** Rejects when a device could not be filled. */
export async function fillDevices(filling: Filling): Promise<void> {
  const waiting = [...DEVICES]
  const work = async (): Promise<void> => {
    for (let device = waiting.shift(); device !== undefined; device = waiting.shift())
      await fill(filling, device)
  }
  await Promise.all(Array.from({ length: filling.parallel }, work))
}

async function fill(filling: Filling, device: string): Promise<void> {
  const { data, account, container, args, program = 'fill-device.ts' } = filling
  const all = [path.join(import.meta.dirname, program), data, device, account, container, ...args]
  const [code] = (await once(spawn(process.execPath, all, { stdio: 'inherit' }), 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${device} could not be filled`)
}
