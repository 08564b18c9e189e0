/** The image registry of a proxy: a door of its own at `/image`, behind the same pipeline. */
import type { Environment } from '#base/environment.ts'
import { late } from '#base/late.ts'
import type { Logger } from '#base/log.ts'
import { outsideClient } from '#http/outside-client.ts'
import { createRegistry } from '#images/create-registry.ts'
import { sweep } from '#images/data/sweeper.ts'
import { webhook } from '#images/events.ts'
import { isImagePath } from '#images/image-path.ts'
import type { Registry } from '#images/registry.ts'
import type { Door } from '#proxy/app.ts'
import type { Store } from '#store/contract.ts'
import type { Records } from '#store/records/contract.ts'
import { certificatesOf } from './image-certificates.ts'
import { converterOf } from './image-converter.ts'
import { configuredRegions, configuredStores, networkOf } from './image-stores.ts'
import { imageOptionsOf } from './images-options.ts'
import type { Settings } from './options.ts'

/** Every process sweeps about so often, milliseconds; several at once do no harm. */
const SWEEP_MS = 10 * 60_000

export interface ImagesOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly settings: Settings
  readonly store: Store
  readonly ownStore: Store
  readonly records: Records
  /** Of our own users' accounts. */
  readonly accountPrefixes: readonly string[]
}

/** `undefined` when the configuration turns it off. Rejects with an `Error` that names what is wrong with it. */
export async function openImages(options: ImagesOptions): Promise<Door | undefined> {
  const { settings, log, environment, store, ownStore, records } = options
  if (!settings.images.enabled) return undefined
  const { defaultStore, webhook: url } = settings.images
  const network = await networkOf(environment, settings.images)
  const fetch = outsideClient(environment.clock)
  const registry = createRegistry({
    environment,
    log: log.child({ room: 'images' }),
    store,
    ownStore,
    records,
    fetch,
    events: url === undefined ? undefined : webhook(fetch, environment.clock, url),
    otherStores: configuredStores(environment, network, settings.images),
    defaultStore,
    converter: await converterOf(environment, log, settings.images),
    certificates: certificatesOf(settings.images, environment.disk, fetch),
    regions: configuredRegions(network, settings.images),
    options: imageOptionsOf(settings, options.accountPrefixes),
  })
  sweepNowAndThen(registry, environment)
  return {
    name: 'images',
    takes: ({ request }) => isImagePath(request.path),
    handler: late(async () => (await import('#images/door.ts')).imageDoor(registry)),
  }
}

/** Puts right what other processes left when they died; begins at a moment of its own. */
function sweepNowAndThen(registry: Registry, { clock, random }: Environment): void {
  const { log } = registry
  const context = { txId: 'tx-image-sweep', signal: undefined, log }
  const later = (delayMs: number): void => {
    clock.setTimer(delayMs, () => {
      sweep(registry, context)
        .catch((error: unknown) => log.warn({ err: error }, 'what uploads left behind could not be swept up'))
        .finally(() => later(SWEEP_MS))
    })
  }
  later(SWEEP_MS / 2 + random.below(SWEEP_MS))
}
