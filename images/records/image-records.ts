/**
 * The registry's memory: one record per image (`store/records/`). Reading one gives the newest; changing one is a write on
 * top of what was read, so that two who change the same image at once do not undo each other. Lists come from a view that
 * every proxy keeps (`image-view-cache.ts`).
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import type { FoundRecord, RecordCollection, RecordFailure, Records } from '#store/records/contract.ts'
import { IMAGE_RECORDS, type ImageRecord } from '../model/image-record.ts'
import { noImage } from '../policy.ts'
import type { ImageIndex } from '../query/image-index.ts'
import { conflict, Refusal, unavailable } from '../refusal.ts'
import { ImageViewCache } from './image-view-cache.ts'

/** How often the server's own changes start over when others change the image at the same moment. */
const ATTEMPTS = 12

/** What is to become of the image as it is now; or why not. */
export type ImageChange = (image: ImageRecord) => ImageRecord | Refusal

export class ImageRecords {
  readonly #records: RecordCollection<ImageRecord>
  readonly #view: ImageViewCache

  constructor(records: Records, clock: Clock) {
    this.#records = records.of(IMAGE_RECORDS)
    this.#view = new ImageViewCache({ records: this.#records, clock })
  }

  /** The image as it is now, a deleted one too; `undefined` when there never was one. 503 when that is not known. */
  async find(context: OperationContext, id: string): Promise<ImageRecord | undefined | Refusal> {
    if (!isId(id)) return undefined
    const read = await this.#records.read(context, id, 'newest')
    if (read.kind === 'absent') return undefined
    return read.kind === 'found' ? read.value : recordRefusal(read)
  }

  /** 409 when the id is taken, by a deleted image too. */
  async create(context: OperationContext, image: ImageRecord): Promise<ImageRecord | Refusal> {
    const made = await this.#records.create(context, image.id, image)
    if (made.kind === 'exists') return conflict(`Image ID ${image.id} already exists!`)
    if (made.kind !== 'found') return recordRefusal(made)
    this.#view.learn(image, made.etag)
    return image
  }

  /**
   * Applies a change to the newest version. `user`: 409 when somebody else changes the image at the same moment.
   * `server`: the change is applied again on top of theirs.
   */
  async change(
    context: OperationContext,
    id: string,
    change: ImageChange,
    by: 'user' | 'server',
  ): Promise<ImageRecord | Refusal> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const changed = await this.#changeOnce(context, id, change)
      if (changed !== 'raced') return changed
      if (by === 'user') return conflict(`Image ${id} is being changed by somebody else.`)
    }
    return unavailable(`Image ${id} is changed again and again.`)
  }

  async #changeOnce(
    context: OperationContext,
    id: string,
    change: ImageChange,
  ): Promise<ImageRecord | Refusal | 'raced'> {
    const read = await this.#records.read(context, id, 'newest')
    if (read.kind === 'absent') return noImage(id)
    if (read.kind !== 'found') return recordRefusal(read)
    const after = change(read.value)
    if (after instanceof Refusal || after === read.value) return after
    return await this.#replace(context, read, after)
  }

  async #replace(
    context: OperationContext,
    read: FoundRecord<ImageRecord>,
    after: ImageRecord,
  ): Promise<ImageRecord | Refusal | 'raced'> {
    const written = await this.#records.replace(context, read, after)
    if (written.kind === 'changed') return 'raced'
    if (written.kind === 'undecided') return await this.#decided(context, after)
    if (written.kind !== 'found') return recordRefusal(written)
    this.#view.learn(after, written.etag)
    return after
  }

  /** A write of which nobody could say whether it was made: the record itself says so. */
  async #decided(context: OperationContext, after: ImageRecord): Promise<ImageRecord | Refusal | 'raced'> {
    const read = await this.#records.read(context, after.id, 'newest')
    if (read.kind === 'absent') return noImage(after.id)
    if (read.kind !== 'found') return recordRefusal(read)
    if (!isDeepStrictEqual(read.value, JSON.parse(JSON.stringify(after)))) return 'raced'
    this.#view.learn(after)
    return after
  }

  /** Forgets an image for good, and frees its id; only while it is what `may` says. */
  async forget(
    context: OperationContext,
    id: string,
    may: (image: ImageRecord) => boolean,
  ): Promise<boolean> {
    const read = await this.#records.read(context, id, 'newest')
    if (read.kind !== 'found' || !may(read.value)) return false
    return (await this.#records.remove(context, read)).kind === 'removed'
  }

  /** All images, at most a second old. 503 when they are not known. */
  async all(context: OperationContext): Promise<readonly ImageRecord[] | Refusal> {
    const index = await this.#view.index(context)
    return index instanceof Refusal ? index : [...index.values()]
  }

  /** The same, to be looked into at once: it goes on changing. */
  index(context: OperationContext): Promise<ImageIndex | Refusal> {
    return this.#view.index(context)
  }
}

/** Ids are short and plain; anything else is nobody's. */
function isId(id: string): boolean {
  return /^[0-9a-zA-Z-]{1,64}$/.test(id)
}

/** What a failure of the records is to a client. */
export function recordRefusal({ kind }: RecordFailure): Refusal {
  return unavailable(
    kind === 'unreadable'
      ? 'A record of the image registry is not understood.'
      : 'The image registry cannot be reached now.',
  )
}
