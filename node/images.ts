/** The image registry of a proxy: a door of its own at `/image`, behind the same pipeline. */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { outsideClient } from '#http/outside-client.ts'
import { createRegistry } from '#images/create-registry.ts'
import { imageDoor, isImagePath } from '#images/door.ts'
import type { Door } from '#proxy/app.ts'
import type { Store } from '#store/contract.ts'
import type { Records } from '#store/records/contract.ts'
import { imageOptionsOf } from './images-options.ts'
import type { Settings } from './options.ts'

export interface ImagesOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly settings: Settings
  readonly store: Store
  readonly ownStore: Store
  readonly records: Records
}

/** `undefined` when the configuration turns it off. */
export function openImages(options: ImagesOptions): Door | undefined {
  const { settings, log, environment, store, ownStore, records } = options
  if (!settings.images.enabled) return undefined
  const registry = createRegistry({
    environment,
    log: log.child({ room: 'images' }),
    store,
    ownStore,
    records,
    fetch: outsideClient(environment.clock),
    options: imageOptionsOf(settings),
  })
  return {
    name: 'images',
    takes: ({ request }) => isImagePath(request.path),
    handler: imageDoor(registry),
  }
}
