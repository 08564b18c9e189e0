/** The ports of a device's storage servers. */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import type { Handler } from '#http/message.ts'
import { type Listener, listen, type TlsOptions } from '#http/server.ts'
import type { ServerEndpoint } from './device-endpoints.ts'
import { codeOf } from './durable-file.ts'
import type { ServerType } from './rings.ts'
import { guarded } from './server-layers.ts'

export interface BackendListenersOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly endpoints: readonly ServerEndpoint[]
  readonly handlers: Readonly<Record<ServerType, Handler>>
  /** `undefined`: requests are not signed. */
  readonly nodeSecret: Buffer | undefined
  readonly tls: TlsOptions | undefined
}

/** A port that could not be opened. */
export interface PortTaken {
  readonly port: number
  readonly host: string
  /** Node's: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`… */
  readonly code: string
}

/** What a proxy sends besides the client's own headers: metadata of 90 items, and where each update is to go. */
const HEADER_COUNT = 512
/** A proxy that sends a slow client's body is silent as long as the client is; the proxy has its own limit. */
const SENDER_TIMEOUT_MS = 90_000

export class BackendListeners {
  readonly #listeners: Listener[]
  readonly #state: { draining: boolean }

  private constructor(listeners: Listener[], state: { draining: boolean }) {
    this.#listeners = listeners
    this.#state = state
  }

  /** Opens all ports, or none and says which could not be. */
  static async open(
    options: BackendListenersOptions,
  ): Promise<BackendListeners | { readonly taken: readonly PortTaken[] }> {
    const state = { draining: false }
    const outcomes = await Promise.all(options.endpoints.map((endpoint) => openOne(endpoint, options, state)))
    const taken = outcomes.flatMap((outcome) => ('taken' in outcome ? [outcome.taken] : []))
    const listeners = outcomes.flatMap((outcome) => ('taken' in outcome ? [] : [outcome]))
    if (taken.length === 0) return new BackendListeners(listeners, state)
    await Promise.all(listeners.map((listener) => listener.close({ graceMs: 0 })))
    return { taken }
  }

  /** Opens further ports; says which could not be. */
  async add(options: BackendListenersOptions): Promise<readonly PortTaken[]> {
    const { endpoints } = options
    const outcomes = await Promise.all(endpoints.map((endpoint) => openOne(endpoint, options, this.#state)))
    return outcomes.flatMap((outcome) => {
      if ('taken' in outcome) return [outcome.taken]
      this.#listeners.push(outcome)
      return []
    })
  }

  /** From now on health checks say that the process is going away. */
  announceEnd(): void {
    this.#state.draining = true
  }

  /** Answers what is under way, for at most `graceMs`, and closes the ports. */
  async close(graceMs: number): Promise<void> {
    this.announceEnd()
    await Promise.all(this.#listeners.map((listener) => listener.close({ graceMs })))
  }
}

async function openOne(
  { server, host, port }: ServerEndpoint,
  options: BackendListenersOptions,
  state: { readonly draining: boolean },
): Promise<Listener | { readonly taken: PortTaken }> {
  const { clock, log, metrics, nodeSecret, tls } = options
  const isDraining = (): boolean => state.draining
  try {
    return await listen({
      host,
      port,
      handler: guarded(options.handlers[server], {
        clock,
        metrics,
        nodeSecret,
        self: { host, port },
        isDraining,
      }),
      clock,
      log: log.child({ server }),
      tls,
      links: 'accepted',
      limits: { headerCount: HEADER_COUNT, clientTimeoutMs: SENDER_TIMEOUT_MS },
    })
  } catch (error) {
    return { taken: { host, port, code: codeOf(error) } }
  }
}
