/**
 * Keeps one slow disk from taking everything with it.
 *  - No more operations are under way on the device than `operationsMax`, which must be below `UV_THREADPOOL_SIZE`, so
 *    that a hung disk never holds every thread of the process. The others wait their turn, in order.
 *  - An operation past its deadline fails with `EDISKTIMEOUT` and marks the device failed; its slot stays taken until
 *    the kernel gives the thread back. Time in which the process itself stood still (stopped, its machine paused) does not
 *    count.
 *  - On a failed device nothing is started: what waits and what comes fails with `EDISKFAILED`. Files can still be
 *    closed.
 *  - A failed sync, `EROFS` and an `EIO` of anything that changes the disk mark the device failed.
 */
import type { Clock, Disk, DiskFile, MadeFile, ManyFiles, Timer } from '#base/environment.ts'
import type { DeviceHealth } from './device-health.ts'
import { codeOf, diskError } from './disk-error.ts'
import { failureKind } from './passing-failure.ts'

/** A timer that fires so late says that the process was stopped, not that the disk hung. Milliseconds. */
const STOPPED_MS = 2_000
/** Longest time a single operation may take before the disk counts as hung. Swift's proxy gives a node 10 s. */
export const OPERATION_DEADLINE_MS = 20_000
/**
 * Operations that may wait for a slot; beyond, they fail at once with `EDISKBUSY`. Syncs do not: a file that was renamed
 * and whose directory is refused its sync would be neither the old state nor the new one. There are no more of them than
 * of the changes that were let through before.
 */
const WAITING_MAX = 10_000

export interface DiskGateOptions {
  readonly clock: Clock
  readonly health: DeviceHealth
  /** Must be below `UV_THREADPOOL_SIZE`. */
  readonly operationsMax: number
  readonly deadlineMs?: number
}

type Change = 'reads' | 'changes' | 'syncs'

interface Operation {
  readonly name: string
  readonly path: string
  readonly change: Change
  readonly begin: () => void
  readonly fail: (error: Error) => void
  startedMs: number
}

export class DiskGate {
  readonly #clock: Clock
  readonly #health: DeviceHealth
  readonly #operationsMax: number
  readonly #deadlineMs: number
  /** In order of their start, so that the first one is the oldest. */
  readonly #underWay = new Set<Operation>()
  #waiting: Operation[] = []
  #hung = 0
  #watchdog: Timer | undefined

  constructor(options: DiskGateOptions) {
    this.#clock = options.clock
    this.#health = options.health
    this.#operationsMax = options.operationsMax
    this.#deadlineMs = options.deadlineMs ?? OPERATION_DEADLINE_MS
    this.#health.onFailure(() => this.#refuseWaiting())
  }

  /** Operations under way, those past their deadline included, and operations that wait. */
  get figures(): { readonly underWay: number; readonly waiting: number } {
    return { underWay: this.#underWay.size + this.#hung, waiting: this.#waiting.length }
  }

  /** The same disk behind this gate. */
  guard(disk: Disk): Disk {
    const file = async (name: string, path: string, open: () => Promise<DiskFile>): Promise<DiskFile> => {
      const change = name === 'openRead' ? 'reads' : 'changes'
      return new GatedFile(this, path, await this.pass(name, path, change, open, (late) => late.close()))
    }
    return {
      openRead: (path) => file('openRead', path, () => disk.openRead(path)),
      createExclusive: (path) => file('createExclusive', path, () => disk.createExclusive(path)),
      mkdir: (path, options) => this.pass('mkdir', path, 'changes', () => disk.mkdir(path, options)),
      readdir: (path) => this.pass('readdir', path, 'reads', () => disk.readdir(path)),
      rename: (source, target) => this.pass('rename', target, 'changes', () => disk.rename(source, target)),
      unlink: (path) => this.pass('unlink', path, 'changes', () => disk.unlink(path)),
      rmdir: (path) => this.pass('rmdir', path, 'changes', () => disk.rmdir(path)),
      stat: (path) => this.pass('stat', path, 'reads', () => disk.stat(path)),
      syncDirectory: (path) => this.pass('syncDirectory', path, 'syncs', () => disk.syncDirectory(path)),
      space: (path) => this.pass('space', path, 'reads', () => disk.space(path)),
      getXattr: (path, name) => this.pass('getXattr', path, 'reads', () => disk.getXattr(path, name)),
      setXattr: (path, name, value) =>
        this.pass('setXattr', path, 'changes', () => disk.setXattr(path, name, value)),
      readFile: (path) => this.pass('readFile', path, 'reads', () => disk.readFile(path)),
      many: disk.many === undefined ? undefined : this.#guardMany(disk.many),
    }
  }

  /** Many files are one operation; the error of each is judged like that of an operation of its own. */
  #guardMany(many: ManyFiles): ManyFiles {
    const judged = <Outcome>(
      name: string,
      start: () => Promise<readonly Outcome[]>,
      errorOf: (outcome: Outcome) => Error | undefined,
    ) => {
      return async (): Promise<readonly Outcome[]> => {
        const outcomes = await start()
        for (const outcome of outcomes) {
          const error = errorOf(outcome)
          if (error !== undefined) this.#judge(name, 'changes', error)
        }
        return outcomes
      }
    }
    return {
      create: async (files) => {
        const path = files[0]?.path ?? ''
        const start = judged('create', () => many.create(files), failureOf)
        const made = await this.pass('create', path, 'changes', start, closeAll)
        return made.map((one, at) => {
          if (one.kind === 'failed') return one
          return { ...one, file: new GatedFile(this, files[at]?.path ?? path, one.file) }
        })
      },
      rename: (moves) => {
        const start = judged(
          'rename',
          () => many.rename(moves),
          (error) => error,
        )
        return this.pass('rename', moves[0]?.target ?? '', 'changes', start)
      },
      read: (files) => this.pass('read', files[0]?.path ?? '', 'reads', () => many.read(files)),
    }
  }

  /** @internal Runs one operation when its turn comes. `dropLate` gets a result nobody waits for any more. */
  pass<Result>(
    name: string,
    path: string,
    change: Change,
    start: () => Promise<Result>,
    dropLate: (result: Result) => Promise<void> = async () => {},
  ): Promise<Result> {
    if (this.#health.failure !== undefined) return Promise.reject(diskError('EDISKFAILED', name, path))
    if (change !== 'syncs' && this.#waiting.length >= WAITING_MAX)
      return Promise.reject(diskError('EDISKBUSY', name, path))
    return new Promise<Result>((resolve, reject) => {
      const operation: Operation = {
        name,
        path,
        change,
        startedMs: 0,
        fail: reject,
        begin: () => {
          start().then(
            (result) => {
              if (this.#finish(operation)) resolve(result)
              else dropLate(result).catch(() => {})
            },
            (error: unknown) => {
              this.#judge(operation.name, operation.change, error)
              if (this.#finish(operation)) reject(error)
            },
          )
        },
      }
      if (this.#underWay.size + this.#hung < this.#operationsMax) this.#start(operation)
      else this.#waiting.push(operation)
    })
  }

  #start(operation: Operation): void {
    operation.startedMs = this.#clock.monotonicMs()
    this.#underWay.add(operation)
    this.#watch()
    operation.begin()
  }

  /** True when somebody still waits for the operation. */
  #finish(operation: Operation): boolean {
    const inTime = this.#underWay.delete(operation)
    if (!inTime) this.#hung -= 1
    const next = this.#waiting.shift()
    if (next !== undefined) this.#start(next)
    return inTime
  }

  #judge(name: string, change: Change, error: unknown): void {
    const code = codeOf(error)
    const lost = change === 'syncs' || code === 'EROFS' || code === 'EIO'
    if (change === 'reads' || !lost) return
    if (code === 'ENOENT') return
    this.#health.fail(`${name} failed with ${code ?? 'an unknown error'}`, failureKind(error))
  }

  #watch(): void {
    if (this.#watchdog !== undefined) return
    const [oldest] = this.#underWay
    if (oldest === undefined) return
    const setMs = this.#clock.monotonicMs()
    const waitMs = Math.max(1, oldest.startedMs + this.#deadlineMs - setMs)
    this.#watchdog = this.#clock.setTimer(waitMs, () => {
      this.#watchdog = undefined
      if (this.#clock.monotonicMs() - setMs - waitMs > STOPPED_MS) this.#startOver()
      else this.#giveUpLate()
      this.#watch()
    })
  }

  /** The machine or the process stood still: what has ended meanwhile is only about to be heard of. */
  #startOver(): void {
    const now = this.#clock.monotonicMs()
    for (const operation of this.#underWay) operation.startedMs = now
  }

  #giveUpLate(): void {
    const now = this.#clock.monotonicMs()
    for (const operation of this.#underWay) {
      if (now - operation.startedMs < this.#deadlineMs) return
      this.#underWay.delete(operation)
      this.#hung += 1
      operation.fail(diskError('EDISKTIMEOUT', operation.name, operation.path))
      this.#health.fail(`${operation.name} did not end within ${this.#deadlineMs} ms`)
    }
  }

  #refuseWaiting(): void {
    const refused = this.#waiting
    this.#waiting = []
    for (const operation of refused) {
      operation.fail(diskError('EDISKFAILED', operation.name, operation.path))
    }
  }
}

function failureOf(made: MadeFile): Error | undefined {
  return made.kind === 'failed' ? made.error : undefined
}

async function closeAll(files: readonly MadeFile[]): Promise<void> {
  await Promise.all(files.map(async (made) => (made.kind === 'made' ? await made.file.close() : undefined)))
}

class GatedFile implements DiskFile {
  readonly #gate: DiskGate
  readonly #path: string
  readonly #file: DiskFile

  constructor(gate: DiskGate, path: string, file: DiskFile) {
    this.#gate = gate
    this.#path = path
    this.#file = file
  }

  read(target: Buffer, position: number): Promise<number> {
    return this.#gate.pass('read', this.#path, 'reads', () => this.#file.read(target, position))
  }

  write(source: Buffer, position: number): Promise<void> {
    return this.#gate.pass('write', this.#path, 'changes', () => this.#file.write(source, position))
  }

  writeAll(sources: readonly Buffer[], position: number): Promise<void> {
    return this.#gate.pass('writeAll', this.#path, 'changes', () => this.#file.writeAll(sources, position))
  }

  sync(): Promise<void> {
    return this.#gate.pass('sync', this.#path, 'syncs', () => this.#file.sync())
  }

  stat(): ReturnType<DiskFile['stat']> {
    return this.#gate.pass('stat', this.#path, 'reads', () => this.#file.stat())
  }

  /** Not gated: it must work on a failed device too, or descriptors leak. */
  close(): Promise<void> {
    return this.#file.close()
  }
}
