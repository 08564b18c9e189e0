/**
 * What happens to images, for whoever wants to hear of it (`[images] webhook`). An event is sent after what it tells of is
 * durable, a few times if need be, and never holds up a request; one that cannot be delivered is logged and lost.
 */
import type { ImageRecord } from './model/image-record.ts'
import { isoSeconds } from './model/image-view.ts'
import type { Registry } from './registry.ts'

export type ImageEventName =
  `image.${'create' | 'update' | 'delete' | 'activate' | 'deactivate' | 'reactivate'}`

/** Takes one event; rejects when it could not be delivered. */
export type EventSink = (event: Readonly<Record<string, unknown>>) => Promise<void>

export function emit(
  registry: Pick<Registry, 'events' | 'environment' | 'log'>,
  name: ImageEventName,
  image: ImageRecord,
): void {
  const { events, environment, log } = registry
  if (events === undefined) return
  const event = {
    event_type: name,
    timestamp: isoSeconds(environment.clock.wallMs()),
    payload: {
      id: image.id,
      name: image.name,
      status: name === 'image.delete' ? 'deleted' : image.status,
      owner: image.owner,
      visibility: image.visibility,
      disk_format: image.diskFormat,
      size: image.sizeBytes,
    },
  }
  events(event).catch((error: unknown) =>
    log.warn({ err: error, image: image.id }, `${name} could not be told`),
  )
}
