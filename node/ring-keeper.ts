/** What keeps the rings of a process the newest of the cluster: it takes those that are pushed and looks for those it missed. */
import type { Handler } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'
import { Loop } from './loop.ts'
import type { ProcessParts } from './process-parts.ts'
import { CATCH_UP_PAUSE_MS, RingCatchUp } from './ring-catch-up.ts'
import { RingClient } from './ring-client.ts'
import { ringDistribution } from './ring-distribution.ts'

export interface RingKeeperOptions {
  readonly parts: Pick<ProcessParts, 'environment' | 'log' | 'rings' | 'transport'>
  /** `undefined`: the cluster has no secret; its rings are put in place by other means. */
  readonly secret: Buffer | undefined
  /** Does this endpoint belong to this process? */
  readonly isOwn: (endpoint: Endpoint) => boolean
  /** Has the device of this process all that this ring gives it, and nothing left that it gives to others? */
  readonly isSettled: (name: string) => boolean
}

export interface RingKeeper {
  /** For `/martlet/rings`. */
  readonly handler: Handler
  /** Runs already; to be stopped before the transport is closed. */
  readonly loops: readonly Loop[]
}

export function keepRings({ parts, secret, isOwn, isSettled }: RingKeeperOptions): RingKeeper {
  const { environment, log, rings, transport } = parts
  const { clock, disk, random } = environment
  const handler = ringDistribution({ rings, disk, log, secret, isSettled })
  if (secret === undefined) return { handler, loops: [] }
  const client = new RingClient(transport, secret)
  const catchUp = new RingCatchUp({ rings, client, random, log, isOwn, isSettled })
  const loop = new Loop({
    name: 'rings',
    clock,
    log,
    pauseMs: () => CATCH_UP_PAUSE_MS,
    pass: () => catchUp.runOnce(),
  })
  return { handler, loops: [loop] }
}
