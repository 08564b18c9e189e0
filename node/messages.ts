/**
 * What a supervisor and its processes say to each other over their channel. A process decides nothing about its own
 * life: it starts, drains and closes when it is told, so that the processes of a cluster go down in order.
 */

/** From the supervisor. */
export type Order =
  /** Open what is assigned and serve; answered with `ready` or `failed`. */
  | { readonly kind: 'start'; readonly assignment: unknown }
  /** Comes with a socket of the public port; answered with `taken`. */
  | { readonly kind: 'connection'; readonly id: number }
  /** Finish the clients' requests, take no more; answered with `drained`. Other processes are still served. */
  | { readonly kind: 'drain' }
  /** Finish what is left, make everything durable, end. */
  | { readonly kind: 'close' }

/** Why a process cannot start. */
export interface StartFailure {
  /** For a person. */
  readonly sentence: string
  /** `port_taken`: another program has a port that it was to listen on; with another port it would start. */
  readonly reason: 'port_taken' | 'other'
}

/** From a process. */
export type Report =
  | { readonly kind: 'ready' }
  /** It cannot start, and ends. */
  | ({ readonly kind: 'failed' } & StartFailure)
  | { readonly kind: 'taken'; readonly id: number }
  /** Somebody sent SIGTERM to this process alone, or only a new one can serve as it should. */
  | { readonly kind: 'stop_requested' }
  | { readonly kind: 'drained' }
