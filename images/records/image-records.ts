/**
 * The registry's memory: one record per image. Reading one gives the newest; changing one is a conditional write on top of
 * what was read, so that two who change the same image at once do not undo each other. Lists come from a view that every
 * proxy keeps (`image-view-cache.ts`).
 */
import type { Clock } from '#base/environment.ts'
import type { OperationContext, Store } from '#store/contract.ts'
import { decodeImage, encodeImage, type ImageRecord } from '../model/image-record.ts'
import { noImage } from '../policy.ts'
import { conflict, Refusal, unavailable } from '../refusal.ts'
import { hiddenContainer } from './hidden-account.ts'
import { ImageViewCache } from './image-view-cache.ts'
import { RecordShelf } from './record-shelf.ts'

/** How often the server's own changes start over when others change the image at the same moment. */
const ATTEMPTS = 12
/** How long the record of a deleted image keeps its id taken, seconds. */
const DELETED_KEPT_SECONDS = 30 * 24 * 3600

/** What is to become of the image as it is now; or why not. */
export type ImageChange = (image: ImageRecord) => ImageRecord | Refusal

export class ImageRecords {
  readonly #clock: Clock
  readonly #shelf: RecordShelf
  readonly #view: ImageViewCache

  constructor(store: Store, clock: Clock) {
    this.#clock = clock
    this.#shelf = new RecordShelf(store, hiddenContainer('images'))
    this.#view = new ImageViewCache({ shelf: this.#shelf, clock })
  }

  /** The image as it is now, a deleted one too; `undefined` when there never was one. 503 when that is not known. */
  async find(context: OperationContext, id: string): Promise<ImageRecord | undefined | Refusal> {
    const read = await this.#shelf.read(context, id)
    if (read.kind === 'absent') return undefined
    if (read.kind === 'unavailable') return unavailable('The image registry cannot be read now.')
    return decodeImage(read.bytes) ?? unavailable(`The record of image ${id} cannot be understood.`)
  }

  /** 409 when the id is taken, by a deleted image too. */
  async create(context: OperationContext, image: ImageRecord): Promise<ImageRecord | Refusal> {
    const written = await this.#shelf.write(context, image.id, encodeImage(image), { over: 'nothing' })
    if (written.kind === 'changed') return conflict(`Image ID ${image.id} already exists!`)
    if (written.kind === 'unavailable') return unavailable('The image registry cannot be written now.')
    this.#view.learn(image, written.etag)
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
    const read = await this.#shelf.read(context, id)
    if (read.kind === 'absent') return noImage(id)
    if (read.kind === 'unavailable') return unavailable('The image registry cannot be read now.')
    const before = decodeImage(read.bytes)
    if (before === undefined) return unavailable(`The record of image ${id} cannot be understood.`)
    const after = change(before)
    if (after instanceof Refusal || after === before) return after
    const written = await this.#shelf.write(context, id, encodeImage(after), {
      over: read.version,
      expiresAt: after.status === 'deleted' ? this.#clock.wallMs() / 1000 + DELETED_KEPT_SECONDS : undefined,
    })
    if (written.kind === 'changed') return 'raced'
    if (written.kind === 'unavailable') return unavailable('The image registry cannot be written now.')
    this.#view.learn(after, written.etag)
    return after
  }

  /** All images, at most a second old. 503 when they are not known. */
  all(context: OperationContext): Promise<Iterable<ImageRecord> | Refusal> {
    return this.#view.all(context)
  }
}
