/**
 * Sends an event to a webhook: POST, JSON. It is a request on a user's behalf, so it goes to the public network alone, or to
 * hosts that the operator named; what a name stands for is looked up and judged each time. Redirects are not followed.
 */
import type { Logger } from '#base/log.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import { isPublic } from '#http/public-address.ts'
import type { QueuedEvent } from '#store/notifications/event-queue.ts'

export interface WebhookOptions {
  readonly fetch: OutsideFetch
  readonly log: Logger
  /** Names and addresses of hosts that may be reached although they are not on the public network. */
  readonly allowedHosts: readonly string[]
  /** Longest silence of the target, milliseconds. */
  readonly silenceMs: number
}

/** Whether the target took it: any answer of class 2xx. Rejects never. */
export function webhookSender(options: WebhookOptions): (event: QueuedEvent) => Promise<boolean> {
  const { fetch, log, allowedHosts, silenceMs } = options
  return async ({ url: written, message }) => {
    const url = new URL(written)
    const isNamed = allowedHosts.includes(url.hostname.replace(/^\[|\]$/g, '').toLowerCase())
    try {
      const { status, body } = await fetch({
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'Martlet' },
        body: Buffer.from(message),
        mayReach: (address) => isNamed || isPublic(address),
        silenceMs,
      })
      await body.cancel()
      return status >= 200 && status < 300
    } catch (error) {
      log.debug({ url: written, err: String(error) }, 'a webhook was not reached')
      return false
    }
  }
}
