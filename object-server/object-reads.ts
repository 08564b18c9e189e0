/**
 * Reading of objects: from memory when it holds them, else from index and file. Readers wait for nobody; a version that
 * is replaced while it is read stays readable to whoever has it open. A damaged version is taken out of service by the
 * reader who meets it.
 */
import { codeOf } from '#disk/disk-error.ts'
import { BadBlockError, readSmallBody, readVerified } from './data-reader.ts'
import type { Lookup, LookupOptions, ObjectContent, Opened, Probe } from './engine.ts'
import { dataFileName, type EngineCore } from './engine-core.ts'
import { absenceOf, judgeFound, probeOf } from './found-object.ts'
import { leafOf } from './layout.ts'
import { HOT_BODY_BYTES_MAX, SharedFile } from './object-cache.ts'
import type { DataVersion, ObjectState } from './object-state.ts'
import type { StoredObject } from './stored-object.ts'

export class ObjectReads {
  readonly #core: EngineCore

  constructor(core: EngineCore) {
    this.#core = core
  }

  lookUp(name: string, options: LookupOptions): Promise<Lookup> {
    return this.#core.guarded<Lookup>(async () => {
      const hash = this.#core.hashOf(name)
      let state = await this.#core.state(hash)
      if (state.data !== undefined && state.data.record === undefined) {
        state = await this.#afterUnreadable(hash, state.data)
      }
      const record = state.data?.record
      if (record === undefined) return absenceOf(state) ?? { kind: 'quarantined' }
      return judgeFound(hash, name, record, state, options)
    })
  }

  /** What fails here fails again where somebody asks for it by itself. */
  async expect(names: readonly string[]): Promise<void> {
    await this.#core.states(names.map((name) => this.#core.hashOf(name))).catch(() => {})
  }

  probe(name: string): Promise<Probe> {
    return this.#core.guarded<Probe>(async () => probeOf(await this.#core.state(this.#core.hashOf(name))))
  }

  open(object: StoredObject): Promise<Opened> {
    return this.#core.guarded<Opened>(async () => {
      const { hash } = object
      const version = (await this.#core.state(hash)).data
      const isCurrent = version?.timestamp === object.dataTimestamp && version.etag === object.etag
      if (version === undefined || !isCurrent) return { kind: 'gone' }
      const held = this.#core.cache.body(hash, version)
      if (held !== undefined) return { kind: 'open', content: heldContent(held) }
      const shared = await this.#openFile(hash, version)
      if (shared === undefined) return await this.#afterMissing(hash, version)
      if (version.sizeBytes > HOT_BODY_BYTES_MAX) return await this.#large(shared, object, version)
      return await this.#small(shared, object, version)
    })
  }

  /** The index entry has no record, and the file could not tell it: it is missing or damaged. */
  async #afterUnreadable(hash: string, version: DataVersion): Promise<ObjectState> {
    const { disk, leaves } = this.#core
    try {
      await disk.stat(`${leaves.path(leafOf(hash))}/${dataFileName(hash, version)}`)
      await this.#core.quarantine(hash, version, 'no readable metadata')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      await this.#core.reconcile(hash, version)
    }
    return await this.#core.state(hash)
  }

  async #openFile(hash: string, version: DataVersion): Promise<SharedFile | undefined> {
    const { cache, disk, leaves } = this.#core
    const cached = cache.file(hash, version)
    if (cached !== undefined) return cached
    try {
      const path = `${leaves.path(leafOf(hash))}/${dataFileName(hash, version)}`
      const shared = new SharedFile(await disk.openRead(path))
      cache.keepFile(hash, version, shared)
      return shared
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async #afterMissing(hash: string, version: DataVersion): Promise<Opened> {
    const state = await this.#core.reconcile(hash, version)
    const isLost = state.data === undefined && state.lost !== undefined
    return isLost ? { kind: 'quarantined' } : { kind: 'gone' }
  }

  async #small(shared: SharedFile, object: StoredObject, version: DataVersion): Promise<Opened> {
    try {
      const body = await readSmallBody(shared.file, object.data, version.fileBytes)
      this.#core.cache.keepBody(object.hash, version, body)
      return { kind: 'open', content: heldContent(body) }
    } catch (error) {
      if (!(error instanceof BadBlockError)) throw error
      await this.#core.quarantine(object.hash, version, error.message)
      return { kind: 'quarantined' }
    } finally {
      shared.release()
    }
  }

  /** The length is checked before the answer begins; the blocks are when they are read. */
  async #large(shared: SharedFile, object: StoredObject, version: DataVersion): Promise<Opened> {
    const { sizeBytes } = await shared.file.stat()
    if (sizeBytes !== version.fileBytes) {
      shared.release()
      await this.#core.quarantine(object.hash, version, `the file has ${sizeBytes} bytes`)
      return { kind: 'quarantined' }
    }
    let open = true
    const content: ObjectContent = {
      whole: undefined,
      stream: (start, end) => this.#stream(shared, object, version, { start, end }),
      close: () => {
        if (open) shared.release()
        open = false
      },
    }
    return { kind: 'open', content }
  }

  async *#stream(
    shared: SharedFile,
    object: StoredObject,
    version: DataVersion,
    range: { readonly start: number; readonly end: number },
  ): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* readVerified(shared.file, object.data, range.start, range.end)
    } catch (error) {
      if (error instanceof BadBlockError) {
        await this.#core.quarantine(object.hash, version, error.message)
      }
      throw error
    }
  }
}

function heldContent(body: Buffer): ObjectContent {
  return {
    whole: body,
    async *stream(start, end) {
      if (start < end) yield body.subarray(start, end)
    },
    close: () => {},
  }
}
