/**
 * Images in memory, so that a page of a list costs the page: in every order that is asked for, and by the values of every
 * attribute that is filtered by. Orders and attributes are indexed when they are first asked for and kept right with every change
 * from then on; those asked for longest ago are forgotten. One process, no waiting, nothing durable.
 */
import type { ImageRecord } from '../model/image-record.ts'
import { isGone } from '../model/image-status.ts'
import type { ImageOrder } from './image-order.ts'

/** Orders, and attributes, that are indexed at once. */
const INDEXES_MAX = 12

/** What a filter asks for, where it can be looked up: images that have one of the values. */
export interface Narrowing {
  /** Names the attribute: the same name always means the same values. */
  readonly attribute: string
  readonly valuesOf: (image: ImageRecord) => readonly (string | null)[]
  readonly among: readonly (string | null)[]
}

/** An index over images that follows their changes. */
interface Follower {
  add(image: ImageRecord): void
  remove(image: ImageRecord): void
}

export class ImageIndex {
  readonly #images = new Map<string, ImageRecord>()
  readonly #orders = new Map<string, SortedImages>()
  readonly #attributes = new Map<string, Postings>()

  get size(): number {
    return this.#images.size
  }

  get(id: string): ImageRecord | undefined {
    return this.#images.get(id)
  }

  /** Deleted ones too, in no order. */
  values(): Iterable<ImageRecord> {
    return this.#images.values()
  }

  set(image: ImageRecord): void {
    this.delete(image.id)
    this.#images.set(image.id, image)
    if (!isGone(image)) for (const follower of this.#followers()) follower.add(image)
  }

  delete(id: string): void {
    const image = this.#images.get(id)
    if (image === undefined) return
    this.#images.delete(id)
    if (!isGone(image)) for (const follower of this.#followers()) follower.remove(image)
  }

  /** Images that are not gone, in order, those after the marker. Nothing may change while they are being looked at. */
  inOrder(order: ImageOrder, marker: ImageRecord | undefined): Iterable<ImageRecord> {
    const sorted = recent(this.#orders, order.name, () => new SortedImages(order, this.#present()))
    return sorted.after(marker)
  }

  /** Those that are not gone and have one of the values; counted before they are gathered. */
  having({ attribute, valuesOf, among }: Narrowing): {
    readonly count: number
    readonly images: () => Iterable<ImageRecord>
  } {
    const postings = recent(this.#attributes, attribute, () => new Postings(valuesOf, this.#present()))
    const sets = among.map((value) => postings.of(value))
    return {
      count: sets.reduce((sum, { size }) => sum + size, 0),
      images: () =>
        sets.length === 1 ? (sets[0] as ReadonlySet<ImageRecord>) : new Set(sets.flatMap((set) => [...set])),
    }
  }

  #present(): readonly ImageRecord[] {
    return [...this.#images.values()].filter((image) => !isGone(image))
  }

  *#followers(): Iterable<Follower> {
    yield* this.#orders.values()
    yield* this.#attributes.values()
  }
}

/** What is known under a name, or is made now; the one asked for longest ago gives way. */
function recent<Known>(all: Map<string, Known>, name: string, make: () => Known): Known {
  const known = all.get(name) ?? make()
  all.delete(name)
  all.set(name, known)
  for (const oldest of all.keys()) {
    if (all.size <= INDEXES_MAX) break
    all.delete(oldest)
  }
  return known
}

/** All images in one order. */
class SortedImages implements Follower {
  readonly #compare: ImageOrder['compare']
  readonly #sorted: ImageRecord[]

  constructor({ compare }: ImageOrder, images: readonly ImageRecord[]) {
    this.#compare = compare
    this.#sorted = images.toSorted(compare)
  }

  add(image: ImageRecord): void {
    this.#sorted.splice(this.#placeOf(image), 0, image)
  }

  remove(image: ImageRecord): void {
    const at = this.#placeOf(image)
    if (this.#sorted[at] === image) this.#sorted.splice(at, 1)
  }

  *after(marker: ImageRecord | undefined): Iterable<ImageRecord> {
    const sorted = this.#sorted
    let at = marker === undefined ? 0 : this.#placeOf(marker)
    // The marker itself; orders make a difference between any two images.
    if (marker !== undefined && sorted[at]?.id === marker.id) at += 1
    for (; at < sorted.length; at += 1) yield sorted[at] as ImageRecord
  }

  /** Where the first image is that does not come before. */
  #placeOf(image: ImageRecord): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.#sorted[middle] as ImageRecord, image) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

const NONE: ReadonlySet<ImageRecord> = new Set()

/** Which images have a value. */
class Postings implements Follower {
  readonly #valuesOf: Narrowing['valuesOf']
  readonly #images = new Map<string | null, Set<ImageRecord>>()

  constructor(valuesOf: Narrowing['valuesOf'], images: readonly ImageRecord[]) {
    this.#valuesOf = valuesOf
    for (const image of images) this.add(image)
  }

  of(value: string | null): ReadonlySet<ImageRecord> {
    return this.#images.get(value) ?? NONE
  }

  add(image: ImageRecord): void {
    for (const value of this.#valuesOf(image)) {
      const those = this.#images.get(value)
      if (those === undefined) this.#images.set(value, new Set([image]))
      else those.add(image)
    }
  }

  remove(image: ImageRecord): void {
    for (const value of this.#valuesOf(image)) {
      const those = this.#images.get(value)
      those?.delete(image)
      if (those?.size === 0) this.#images.delete(value)
    }
  }
}
