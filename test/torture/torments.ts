/** What is done to the processes and disks of a running cluster of this machine. */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, type RunningCluster, signal } from '#test/running-cluster.ts'

const READY_WITHIN_MS = 90_000
const POLL_MS = 50
const READ_ONLY_MS = 3_000

export type Torment = (cluster: RunningCluster, device: string) => Promise<void>

/** SIGKILL; the supervisor starts it again. */
export const kill: Torment = async (cluster, device) => {
  const victim = cluster.devices.get(device) ?? 0
  if (victim === 0) return
  signal(victim, 'SIGKILL')
  await restarted(cluster, device, victim)
}

/** All processes, supervisor and all, as when the power is cut; the caller starts the cluster again. */
export async function killEverything(cluster: RunningCluster): Promise<void> {
  await cluster.martlet.killAll()
}

/** An empty disk in the place of the old one: everything below the device is gone when its process comes back. */
export const wipe: Torment = async (cluster, device) => {
  const victim = cluster.devices.get(device) ?? 0
  const path = join(cluster.dataPath, 'devices', device)
  signal(victim, 'SIGSTOP')
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true })
  signal(victim, 'SIGKILL')
  await restarted(cluster, device, victim)
}

/**
 * The filesystem of the device takes no writes for a while; its process comes back to that. Needs a mount of its own
 * (`ownFilesystem`).
 */
export const readOnly: Torment = async (cluster, device) => {
  const path = join(cluster.dataPath, 'devices', device)
  const untilMs = performance.now() + READY_WITHIN_MS
  // Not while a process has files open for writing there.
  for (;;) {
    const pid = cluster.devices.get(device)
    if (pid !== undefined) signal(pid, 'SIGKILL')
    if (spawnSync('mount', ['-o', 'remount,ro', path]).status === 0) break
    if (performance.now() > untilMs) throw new Error(`${path} cannot be made read-only`)
    await pause(20)
  }
  await pause(READ_ONLY_MS)
  mustRun('mount', ['-o', 'remount,rw', path])
  await restarted(cluster, device, 0)
}

/** May this machine's user mount filesystems? */
export function mayMount(): boolean {
  return process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
}

/** Puts a filesystem of so many bytes in the place of a device's directory; the function returned takes it away. */
export function ownFilesystem(path: string, sizeBytes: number): () => void {
  mustRun('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=700`, 'martlet-test', path])
  return () => {
    spawnSync('umount', ['-l', path])
  }
}

function mustRun(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}

async function restarted(cluster: RunningCluster, device: string, victim: number): Promise<void> {
  const untilMs = performance.now() + READY_WITHIN_MS
  while (performance.now() < untilMs) {
    const pid = cluster.devices.get(device) ?? 0
    if (pid !== 0 && pid !== victim && isRunning(pid)) return
    await pause(POLL_MS)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
