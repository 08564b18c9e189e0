/**
 * Images as clients see them, as JSON text. A record is a value that never changes, so that it is written once and given again
 * for as long as somebody holds it: a page of a list costs little more than its length.
 */
import type { ImageRecord } from './image-record.ts'
import { imageView, type ViewOptions } from './image-view.ts'

export class ImageJson {
  readonly #options: ViewOptions
  readonly #written = new WeakMap<ImageRecord, string>()

  constructor(options: ViewOptions) {
    this.#options = options
  }

  of(image: ImageRecord): string {
    const known = this.#written.get(image)
    if (known !== undefined) return known
    const json = JSON.stringify(imageView(image, this.#options))
    this.#written.set(image, json)
    return json
  }
}
