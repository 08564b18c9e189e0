/**
 * Writing of many small objects that come from another replica. The order is that of every write (`object-writes.ts`):
 * each file is whole and synced before it is renamed, its directory is synced before the index knows it, and the index is
 * before the outcome is given. Only that each step is taken for all of them at a time.
 */
import { hash as digestOf } from 'node:crypto'
import { BlockChecksums } from '#base/block-checksums.ts'
import type { NewFile } from '#base/environment.ts'
import { createFiles, renameFiles } from '#disk/many-files.ts'
import { newDataFile, versionMade } from './data-file.ts'
import type { DiskFailed } from './engine.ts'
import type { EngineCore } from './engine-core.ts'
import { fileName, filesOf, leafOf, type ObjectFile } from './layout.ts'
import type { DataRecord, DataVersion, ObjectState } from './object-state.ts'
import type { Installation, ObjectWrites } from './object-writes.ts'
import { applyData } from './state-changes.ts'

/** What arrived of one object. */
export interface ArrivedCopy {
  /** Of the name in the record. */
  readonly hash: string
  readonly record: DataRecord
  readonly body: Buffer
}

/** `stored`: it is here durably, or something newer is. `damaged`: it is not what its record says. */
export type CopyStored =
  | { readonly kind: 'stored' }
  | { readonly kind: 'damaged'; readonly problem: string }
  | DiskFailed

const STORED: CopyStored = { kind: 'stored' }

/** What became of copies so far, by hash. */
interface Progress {
  readonly outcomes: Map<string, CopyStored>
  /** Those whose temporary file has the name of an object. */
  readonly renamed: Set<string>
}

/** A copy whose file is written and synced, under a temporary name. */
interface Written {
  readonly hash: string
  readonly version: DataVersion
  readonly temporary: string
}

export class CopyWrites {
  readonly #core: EngineCore
  readonly #writes: ObjectWrites

  constructor(core: EngineCore, writes: ObjectWrites) {
    this.#core = core
    this.#writes = writes
  }

  /** One outcome for each, in their order. No object may be given twice. */
  async store(copies: readonly ArrivedCopy[]): Promise<readonly CopyStored[]> {
    const progress: Progress = { outcomes: new Map(), renamed: new Set() }
    const { outcomes } = progress
    const sound = copies.filter(({ hash, record, body }) => {
      const problem = problemWith(record, body)
      if (problem !== undefined) outcomes.set(hash, { kind: 'damaged', problem })
      return problem === undefined
    })
    const failed = await this.#core.guarded(async () => {
      const written = await this.#write(sound, outcomes)
      try {
        await this.#install(written, progress)
      } finally {
        await this.#removeLeft(written, progress)
      }
    })
    return copies.map(({ hash }) => outcomes.get(hash) ?? failed ?? STORED)
  }

  /** Those whose files are durable. */
  async #write(
    copies: readonly ArrivedCopy[],
    outcomes: Map<string, CopyStored>,
  ): Promise<readonly Written[]> {
    const { disk, leaves } = this.#core
    const ready = [...new Set(copies.map(({ hash }) => leafOf(hash)))].map((leaf) => leaves.ready(leaf))
    // Whoever renames into them waits for them, and hears of a failure.
    for (const one of ready) one.catch(() => {})
    const files = copies.map(({ record, body }) => newDataFile(this.#writes.temporaryPath(), record, [body]))
    const made = await createFiles(disk, files)
    const written = copies.map(async ({ hash, record }, at) => {
      const [one, file] = [made[at], files[at] as NewFile]
      const failed = await this.#core.guarded(async () => {
        if (one === undefined || one.kind === 'failed') throw one?.error
        try {
          await one.file.sync()
        } finally {
          await one.file.close()
        }
      })
      if (failed !== undefined) outcomes.set(hash, failed)
      const version = versionMade(record, file, one?.kind === 'made' ? one.attribute : 'kept')
      return { hash, version, temporary: file.path }
    })
    return await Promise.all(written)
  }

  async #install(written: readonly Written[], progress: Progress): Promise<void> {
    const { outcomes, renamed } = progress
    const durable = written.filter(({ hash }) => !outcomes.has(hash))
    const hashes = durable.map(({ hash }) => hash)
    await this.#core.locks.runAll(hashes, async () => {
      const states = await this.#core.states(hashes)
      const changes = durable.flatMap((one, at) => this.#changeBy(one, states[at] as ObjectState))
      // One that takes the place of files of its object goes by itself.
      const isFirst = ({ hash, before }: Installation): boolean => filesOf(hash, before).length === 0
      await this.#installFirst(changes.filter(isFirst), progress)
      for (const change of changes) {
        if (isFirst(change)) continue
        const failed = await this.#core.guarded(() => this.#writes.install(change))
        if (failed === undefined) renamed.add(change.hash)
        else outcomes.set(change.hash, failed)
      }
    })
    for (const hash of hashes) if (!outcomes.has(hash)) outcomes.set(hash, STORED)
  }

  /** Nothing where something newer is here. */
  #changeBy({ hash, version, temporary }: Written, before: ObjectState): readonly Installation[] {
    const change = applyData(before, version)
    if (change.kind !== 'apply') return []
    const { after } = change
    const file: ObjectFile = { hash, timestamp: version.timestamp, kind: 'data' }
    const updates = this.#writes.rowsOfCopy(hash, version.record?.name ?? '', after)
    return [{ hash, temporary, file, before, after, updates }]
  }

  /** Objects of which no file is here. */
  async #installFirst(changes: readonly Installation[], { outcomes, renamed }: Progress): Promise<void> {
    if (changes.length === 0) return
    const { disk, leaves, syncs } = this.#core
    const noted = changes.flatMap(({ file }) => this.#writes.arriving(file) ?? [])
    await Promise.all(noted.map((one) => this.#core.written(one)))
    const used = [...new Set(changes.map(({ hash }) => leafOf(hash)))]
    await Promise.all(used.map((leaf) => leaves.ready(leaf)))
    const moves = changes.map(({ hash, temporary, file }) => {
      return { source: temporary, target: `${leaves.path(leafOf(hash))}/${fileName(file)}` }
    })
    const errors = await renameFiles(disk, moves)
    changes.forEach(({ hash }, at) => {
      if (errors[at] === undefined) renamed.add(hash)
    })
    await Promise.all(used.map((leaf) => syncs.sync(leaves.path(leaf))))
    await Promise.all(
      changes.map(async ({ hash, before, after, updates }, at) => {
        const failed = await this.#core.guarded(async () => {
          const error = errors[at]
          if (error !== undefined) throw error
          await this.#core.commit({ hash, before, after, updates })
        })
        if (failed !== undefined) outcomes.set(hash, failed)
      }),
    )
  }

  /** Temporary files that did not become objects. */
  async #removeLeft(written: readonly Written[], { renamed }: Progress): Promise<void> {
    const left = written.filter(({ hash }) => !renamed.has(hash))
    await Promise.all(left.map(({ temporary }) => this.#core.disk.unlink(temporary).catch(() => {})))
  }
}

/** What is wrong with what arrived; `undefined` when it is what was stored. */
function problemWith(record: DataRecord, body: Buffer): string | undefined {
  if (body.length !== record.sizeBytes) return `${body.length} of ${record.sizeBytes} bytes`
  const checksums = new BlockChecksums()
  checksums.update(body)
  const crcs = checksums.finish()
  const isEqual =
    crcs.length === record.blockCrcs.length && crcs.every((crc, at) => crc === record.blockCrcs[at])
  if (!isEqual) return 'the checksum of a block'
  return digestOf('md5', body, 'hex') === record.etag ? undefined : 'the MD5'
}
