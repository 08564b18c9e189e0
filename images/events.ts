/**
 * What happens to images, for whoever wants to hear of it (`[images] webhook`). An event is sent after what it tells of is
 * durable, a few times if need be, and never holds up a request; one that cannot be delivered is logged and lost.
 */
import type { Clock } from '#base/environment.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import type { ImageRecord } from './model/image-record.ts'
import { isoSeconds } from './model/image-view.ts'
import type { Registry } from './registry.ts'

export type ImageEventName =
  `image.${'create' | 'update' | 'delete' | 'activate' | 'deactivate' | 'reactivate'}`

const TRIES = 3
const FIRST_PAUSE_MS = 1000
const SILENCE_MS = 10_000

/** Posts events to an address that the operator chose. */
export function webhook(fetch: OutsideFetch, clock: Clock, url: string): EventSink {
  const post = async (body: Buffer): Promise<void> => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'Martlet' }
    const request = { url: new URL(url), method: 'POST', headers, body, silenceMs: SILENCE_MS } as const
    const answer = await fetch({ ...request, mayReach: () => true })
    await answer.body.cancel()
    if (answer.status >= 300) throw new Error(`the webhook answered ${answer.status}`)
  }
  return async (event) => {
    const body = Buffer.from(JSON.stringify(event))
    for (let tried = 1; ; tried += 1) {
      try {
        await post(body)
        return
      } catch (error) {
        if (tried === TRIES) throw error
        await clock.sleep(FIRST_PAUSE_MS * 2 ** (tried - 1))
      }
    }
  }
}

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
