/** The stores of an installation, by name; one of them is where images go that name none. */
import { badRequest, type Refusal } from '../refusal.ts'
import type { ImageStore } from './image-store.ts'

export class ImageStores {
  readonly #stores: ReadonlyMap<string, ImageStore>
  readonly default: ImageStore

  readonly #hidden: ReadonlyMap<string, ImageStore>

  /**
   * `hidden` ones are read from and never named to clients as places to choose. Without `defaultId` the first one that takes data
   * is the default. Throws an `Error` when there is no default, or two have one name.
   */
  constructor(stores: readonly ImageStore[], hidden: readonly ImageStore[] = [], defaultId?: string) {
    this.#stores = new Map(stores.map((store) => [store.id, store]))
    this.#hidden = new Map(hidden.map((store) => [store.id, store]))
    if (new Set([...this.#stores.keys(), ...this.#hidden.keys()]).size !== stores.length + hidden.length)
      throw new Error('two image stores have the same name')
    const first = stores.find(
      ({ access, id }) => access === 'writable' && (defaultId === undefined || id === defaultId),
    )
    if (first === undefined) throw new Error(`no image store ${defaultId ?? ''} takes data`)
    this.default = first
  }

  get all(): readonly ImageStore[] {
    return [...this.#stores.values()]
  }

  get writable(): readonly ImageStore[] {
    return this.all.filter(({ access }) => access === 'writable')
  }

  get areSeveral(): boolean {
    return this.#stores.size > 1
  }

  find(id: string): ImageStore | undefined {
    return this.#stores.get(id) ?? this.#hidden.get(id)
  }

  /** The store that a request names, or the default. 400 for one there is not, or that takes nothing. */
  forWrite(id: string | undefined): ImageStore | Refusal {
    if (id === undefined || id === '') return this.default
    const store = this.find(id)
    if (store === undefined) return badRequest(`Unknown store '${id}'.`)
    return store.access === 'writable' ? store : badRequest(`Store '${id}' takes no data.`)
  }
}
