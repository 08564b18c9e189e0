/** Comparisons kept in `bench/records/`: what was measured, on what machine, with which settings. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os'
import path from 'node:path'
import type { LoadOptions, WorkloadResult } from './runner.ts'

export interface SideRecord {
  readonly name: string
  readonly version: string
  /** What the data lies on. */
  readonly devices: string
  /** From the start of the first process to the first container stored, seconds. */
  readonly firstWriteSeconds: number
  readonly results: readonly WorkloadResult[]
}

export interface ComparisonRecord {
  readonly time: string
  readonly machine: MachineFacts
  readonly settings: Omit<LoadOptions, 'pids'>
  readonly sides: readonly SideRecord[]
}

export interface MachineFacts {
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
}

export function machineFacts(): MachineFacts {
  return {
    processor: cpus()[0]?.model ?? arch(),
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    system: `${process.platform} ${release().split('-')[0]}`,
    node: process.version,
  }
}

/** The commit that is checked out, with `+` when files have changed since. */
export function martletVersion(project: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', project, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`
  } catch {
    return 'unknown'
  }
}

/** Writes the record as a new file of the folder and returns its path. */
export function keepRecord(folder: string, record: ComparisonRecord): string {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${record.time.replaceAll(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`)
  return file
}
