/**
 * How a node that missed a ring gets it: every few seconds each process asks a few others, chosen at random, which rings
 * they use, and takes over what is newer. A ring that one node has is everywhere after as many rounds as the number of
 * nodes has digits, give or take; a node that comes back has it after its first round.
 *
 * The same answers tell when the ring before is not needed any more: once every device of the ring has said, under this
 * very ring, that it is settled. Then it is let go.
 */
import type { Random } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { type Endpoint, endpointKey } from '#http/transport.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { versionOf } from '#ring/ring-succession.ts'
import type { RingWatcher } from '#ring/ring-watcher.ts'
import { type DeviceProcess, deviceProcesses, processKey } from './inside-endpoints.ts'
import type { RingClient } from './ring-client.ts'
import type { RingReport } from './ring-distribution.ts'

export interface RingCatchUpOptions {
  readonly rings: RingDirectory
  readonly client: RingClient
  readonly random: Random
  readonly log: Logger
  /** Does this endpoint belong to this process? */
  readonly isOwn: (endpoint: Endpoint) => boolean
  /** What the device of this process says of a ring in use. */
  readonly isSettled: (name: string) => boolean
}

/** Between two rounds, milliseconds. */
export const CATCH_UP_PAUSE_MS = 5_000
const PEERS_PER_ROUND = 3

export class RingCatchUp {
  readonly #options: RingCatchUpOptions
  /** By ring: under which ring the devices were asked, and which of them are settled. */
  readonly #settled = new Map<string, { readonly digest: string; readonly devices: Set<string> }>()

  /** By ring: the digest of the one refused last, which is not fetched again and again. */
  readonly #refused = new Map<string, string>()

  constructor(options: RingCatchUpOptions) {
    this.#options = options
  }

  /** One round. Resolves when what was newer is in use. */
  async runOnce(): Promise<void> {
    for (const peer of this.#choosePeers()) {
      const reported = await this.#options.client.report(peer.endpoint)
      if (reported.kind === 'failed') continue
      for (const report of reported.rings) await this.#consider(report, peer)
    }
    for (const [name, watcher] of this.#options.rings.all()) await this.#letGo(name, watcher)
  }

  /** Those that are not known to be settled come first, where that is waited for. */
  #choosePeers(): readonly DeviceProcess[] {
    const { rings, isOwn } = this.#options
    const all = deviceProcesses([...rings.all()].map(([name, { ring }]) => [name, ring] as const))
    const others = all.filter(({ endpoint }) => !isOwn(endpoint))
    const awaited = others.filter((peer) => this.#isAwaited(peer))
    const chosen = this.#some(awaited, PEERS_PER_ROUND - 1)
    return [
      ...chosen,
      ...this.#some(
        others.filter((peer) => !chosen.includes(peer)),
        PEERS_PER_ROUND - chosen.length,
      ),
    ]
  }

  #some(peers: readonly DeviceProcess[], count: number): readonly DeviceProcess[] {
    const left = [...peers]
    const chosen: DeviceProcess[] = []
    while (chosen.length < count && left.length > 0)
      chosen.push(...left.splice(this.#options.random.below(left.length), 1))
    return chosen
  }

  #isAwaited({ host, device }: DeviceProcess): boolean {
    for (const [name, watcher] of this.#options.rings.all()) {
      if (watcher.previous === undefined) continue
      if (!this.#settledDevices(name, watcher).has(processKey(host, device))) return true
    }
    return false
  }

  async #consider(report: RingReport, peer: DeviceProcess): Promise<void> {
    const watcher = this.#options.rings.get(report.name)
    if (watcher === undefined) return
    if ((report.version ?? -1) > versionOf(watcher.ring)) await this.#takeOver(report, watcher, peer)
    if (report.digest === watcher.digest && report.settled)
      this.#settledDevices(report.name, watcher).add(processKey(peer.host, peer.device))
  }

  async #takeOver(
    { name, digest }: RingReport,
    watcher: RingWatcher,
    { endpoint }: DeviceProcess,
  ): Promise<void> {
    const { client, log } = this.#options
    const from = endpointKey(endpoint)
    if (this.#refused.get(name) === digest) return
    const fetched = await client.fetch(endpoint, name)
    if (fetched.kind === 'failed') {
      log.warn({ ring: name, from, reason: fetched.reason }, 'a newer ring could not be fetched')
      return
    }
    const offer = await watcher.offer(fetched.file)
    if (offer.kind === 'adopted') log.info({ ring: name, from }, 'caught up with a newer ring')
    if (offer.kind === 'refused' || offer.kind === 'broken') {
      this.#refused.set(name, digest)
      log.warn({ ring: name, from, reason: offer.reason }, 'a newer ring was refused')
    }
  }

  async #letGo(name: string, watcher: RingWatcher): Promise<void> {
    if (watcher.previous === undefined || !this.#options.isSettled(name)) return
    const settled = this.#settledDevices(name, watcher)
    const isAwaited = deviceProcesses([[name, watcher.ring]]).some(
      ({ host, device, endpoint }) =>
        !this.#options.isOwn(endpoint) && !settled.has(processKey(host, device)),
    )
    if (isAwaited) return
    await watcher.settle()
    this.#options.log.info({ ring: name }, 'all moved partitions are synced; the ring before is let go')
  }

  #settledDevices(name: string, watcher: RingWatcher): Set<string> {
    const known = this.#settled.get(name)
    if (known !== undefined && known.digest === watcher.digest) return known.devices
    const devices = new Set<string>()
    this.#settled.set(name, { digest: watcher.digest, devices })
    return devices
  }
}
