/**
 * Runs a program that writes to a directory and records every system call with which it changes files, LevelDB's own
 * included; then gives the directory as it may be after a loss of power at each moment, for a check of what is left.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getAttributeSync, listAttributesSync, setAttributeSync } from 'fs-xattr'
import type { Test } from 'tap'
import type { Random } from '#base/environment.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { MemoryDirectory } from '#disk/memory-tree.ts'
import { runWell } from '#test/programs.ts'
import { DEVICE } from './devices.ts'
import { RecordedDisk } from './recorded-disk.ts'
import { parseTrace } from './system-calls.ts'

/** Every call that can change a file or a directory; one that is not understood ends the test. */
const CALLS = [
  'open,openat,creat,close,dup,dup2,dup3,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range',
  'rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,truncate,fallocate,copy_file_range',
  'sendfile,splice,setxattr,lsetxattr,fsetxattr,removexattr,link,linkat,symlink,symlinkat',
].join(',')
const TEXT_BYTES_MAX = 64 * 2 ** 20
const RECORD_WITHIN_MS = 60_000
const MUTATE = new URL('../../sim/mutate.ts', import.meta.url)

/** Nothing that was not synced survives. */
const ALL_LOST: Random = { below: () => 0, bytes: (count) => Buffer.alloc(count) }
/** Everything does: as after `kill -9`. */
const NOTHING_LOST: Random = { below: (limit) => limit - 1, bytes: (count) => Buffer.alloc(count) }

export interface Recording {
  /** Directory of the device. */
  readonly root: string
  readonly trace: string
}

export interface PowerCut {
  /** To repeat this one: number of the system call, and seed of what was lost. */
  readonly name: string
  /** A real directory with the device as the machine finds it. */
  readonly directory: string
  /** What had been printed, line by line. */
  readonly printed: readonly string[]
}

/** Where files are made and synced in no time; the rules of loss are the same. */
function fastDirectory(t: Test, name: string): string {
  const above = statSync('/dev/shm', { throwIfNoEntry: false }) === undefined ? tmpdir() : '/dev/shm'
  const path = mkdtempSync(join(above, `martlet-${name}-`))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/**
 * Runs `node PROGRAM DIRECTORY …` under strace; the directory has an empty device. `variant` names a way in which the code
 * is broken on purpose (`sim/mutants.ts`).
 */
export async function record(
  t: Test,
  program: URL,
  more: readonly string[] = [],
  variant?: string,
): Promise<Recording> {
  const base = fastDirectory(t, 'record')
  const [directory, file] = [join(base, 'devices'), join(base, 'trace')]
  const root = join(directory, DEVICE)
  mkdirSync(root, { recursive: true })
  const options = [
    '-f',
    '--seccomp-bpf',
    '-xx',
    '-s',
    String(TEXT_BYTES_MAX),
    '-o',
    file,
    '-e',
    `trace=${CALLS}`,
  ]
  const broken = variant === undefined ? [] : ['--import', MUTATE.pathname]
  const command = [process.execPath, ...broken, program.pathname, directory, ...more]
  const environment = { MUTANT: variant ?? '' }
  await runWell('strace', [...options, ...command], { timeoutMs: RECORD_WITHIN_MS, environment })
  return { root, trace: readFileSync(file, 'latin1') }
}

/** Is the record whole? What it says must be what is there, byte by byte; names the files that are not so. */
export function differences({ root, trace }: Recording): readonly string[] {
  const disk = new RecordedDisk(root)
  for (const event of parseTrace(trace)) disk.apply(event)
  const there = contentsOf(root, '')
  const recorded = recordedContents(disk.tree, '')
  const different = [
    ...there.filter((text) => !recorded.includes(text)),
    ...recorded.filter((text) => !there.includes(text)),
  ]
  return different.map((text) => `${text.split(' ', 1)[0]} (${text.length})`)
}

export interface PowerCutOptions {
  /** Whether to go on after a cut that showed something wrong. */
  readonly until?: 'end' | 'first_wrong'
  /** How many cuts to try, spread evenly over all moments. */
  readonly cuts: number
  readonly seed: number
}

/** So many losses, or as the environment says (`objects.test.ts`). */
export function powerCutOptions(cuts: number): PowerCutOptions {
  return {
    cuts: Number(process.env['MARTLET_POWER_CUTS'] ?? cuts),
    seed: Number(process.env['MARTLET_SEED'] ?? 1),
  }
}

/** Gives each cut to the check and collects what it finds wrong, with the name of the cut. */
export async function tryPowerCuts(
  t: Test,
  recording: Recording,
  options: PowerCutOptions,
  check: (cut: PowerCut) => Promise<string | undefined>,
): Promise<{ readonly moments: number; readonly cuts: number; readonly wrong: readonly string[] }> {
  const base = fastDirectory(t, 'cut')
  const moments = countMoments(recording)
  const disk = new RecordedDisk(recording.root)
  const wrong: string[] = []
  let moment = 0
  let cuts = 0
  for (const event of parseTrace(recording.trace)) {
    if (!disk.apply(event)) continue
    moment += 1
    const due = Math.ceil((moment * options.cuts) / moments)
    for (; cuts < due; cuts += 1) {
      const { random, name } = lossOf(cuts, options.seed)
      const directory = join(base, String(cuts))
      mkdirSync(directory)
      materialize(disk.afterPowerCut(random), join(directory, DEVICE))
      const problem = await check({ name, directory, printed: disk.printed }).catch(String)
      rmSync(directory, { recursive: true })
      if (problem === undefined) continue
      wrong.push(`after change ${moment} of ${moments}, ${name}: ${problem}`)
      if (options.until === 'first_wrong') return { moments, cuts, wrong }
    }
  }
  return { moments, cuts, wrong }
}

function countMoments({ root, trace }: Recording): number {
  const disk = new RecordedDisk(root)
  let count = 0
  for (const event of parseTrace(trace)) if (disk.apply(event)) count += 1
  return count
}

/** Every fourth time everything unsynced is lost, every eighth nothing, else a part by chance. */
function lossOf(number: number, seed: number): { readonly random: Random; readonly name: string } {
  if (number % 4 === 0) return { random: ALL_LOST, name: 'all lost' }
  if (number % 8 === 1) return { random: NOTHING_LOST, name: 'nothing lost' }
  return { random: new SeededRandom(seed + number), name: `loss ${seed + number}` }
}

function materialize(directory: MemoryDirectory, path: string): void {
  mkdirSync(path)
  for (const [name, node] of directory.entries) {
    const below = join(path, name)
    if (node instanceof MemoryDirectory) materialize(node, below)
    else {
      writeFileSync(below, node.bytes)
      for (const [attribute, value] of node.xattrs) setAttributeSync(below, attribute, value)
    }
  }
}

/** One text for everything that is there: its path, its bytes and its attributes. */
function contentsOf(root: string, path: string): string[] {
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const below = join(path, entry.name)
    if (entry.isDirectory()) return [below, ...contentsOf(root, below)]
    const full = join(root, below)
    const attributes = listAttributesSync(full).map((name) => [name, getAttributeSync(full, name)] as const)
    return [textOf(below, readFileSync(full), attributes)]
  })
}

function recordedContents(directory: MemoryDirectory, path: string): string[] {
  return [...directory.entries].flatMap(([name, node]) => {
    const below = join(path, name)
    if (node instanceof MemoryDirectory) return [below, ...recordedContents(node, below)]
    return [textOf(below, node.bytes, [...node.xattrs])]
  })
}

function textOf(path: string, bytes: Buffer, attributes: readonly (readonly [string, Buffer])[]): string {
  const written = attributes.map(([name, value]) => `${name}=${value.toString('hex')}`)
  return [path, bytes.toString('base64'), ...written.toSorted()].join(' ')
}
