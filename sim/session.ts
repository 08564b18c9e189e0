/** What every client of a simulated cluster does: it finds a proxy, asks it, and gives up in the end. */
import { silentLogger } from '#base/log.ts'
import type { SeededRandom } from '#base/virtual-clock.ts'
import type { OperationContext } from '#store/operation.ts'
import type { Cluster } from './cluster.ts'
import type { RunningProxy } from './proxy-node.ts'

/** A client waits no longer for an answer, milliseconds. */
const PATIENCE_MS = 90_000
const TRIES = 40
const TRY_AGAIN_MS = 500

export class Session {
  readonly cluster: Cluster
  readonly random: SeededRandom
  #requests = 0

  constructor(cluster: Cluster) {
    this.cluster = cluster
    this.random = cluster.random()
  }

  /** What clients have asked of proxies so far, each request by itself; what was insisted on is not counted. */
  get requests(): number {
    return this.#requests
  }

  /** Any proxy that is up. */
  aProxy(): RunningProxy | undefined {
    const up = this.cluster.proxies.flatMap(({ running }) => (running === undefined ? [] : [running]))
    return up[this.random.below(Math.max(1, up.length))]
  }

  /**
   * What the proxy answers; `undefined` when it dies over it, or takes longer than a client waits. `requests`: how many it is
   * asked one after the other.
   */
  asked<Value>(proxy: RunningProxy, ask: () => Promise<Value>, requests = 1): Promise<Value | undefined> {
    this.#requests += requests
    return this.#answer(proxy, ask)
  }

  #answer<Value>(proxy: RunningProxy, ask: () => Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      const give = (): void => resolve(undefined)
      const forget = proxy.life.onEnd(give)
      const timer = this.cluster.world.setTimer(PATIENCE_MS, give)
      ask()
        .then(resolve, reject)
        .finally(() => {
          forget()
          timer.cancel()
        })
    })
  }

  /** Asks any proxy again and again until an answer is one of these kinds. Rejects when none ever is. */
  async insist<Outcome extends { readonly kind: string }>(
    what: string,
    wanted: readonly Outcome['kind'][],
    ask: (proxy: RunningProxy) => Promise<Outcome>,
  ): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const proxy = this.aProxy()
      const outcome = proxy === undefined ? undefined : await this.#answer(proxy, () => ask(proxy))
      if (outcome !== undefined && wanted.includes(outcome.kind)) return
      await this.cluster.world.sleep(TRY_AGAIN_MS)
    }
    throw new Error(`nobody could ${what}`)
  }

  /** One of a list. */
  oneOf<Value>(values: readonly Value[]): Value {
    return values[this.random.below(values.length)] as Value
  }
}

export function contextOf(txId: string): OperationContext {
  return { txId, signal: undefined, log: silentLogger }
}
