/** A proxy of a simulated cluster: the real store in a process of its own, on a machine whose clock may be wrong. */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { ErrorLimiter } from '#cluster/error-limit.ts'
import { HybridClock } from '#cluster/hybrid-clock.ts'
import { MemoryBudget } from '#cluster/memory-budget.ts'
import { NodeClient } from '#cluster/node-client.ts'
import { StorageNodes } from '#cluster/placement.ts'
import type { Endpoint } from '#http/transport.ts'
import { markInFile } from '#node/clock-mark.ts'
import { makeDirectoryDurably } from '#node/durable-file.ts'
import type { Settings } from '#node/options.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import type { Store } from '#store/contract.ts'
import { type CreatedStore, createStore } from '#store/create-store.ts'
import { deskHandler, PeerDesks } from '#store/desk/peer-desks.ts'
import { quotaDeskOver, withFeatures } from '#store/features.ts'
import { invalidationHandler, PeerInvalidations } from '#store/invalidations.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import type { StoreRules } from '#store/store-parts.ts'
import type { Machine } from './machine.ts'
import { MachineProcess, type ProcessWorld, type Started } from './machine-process.ts'
import type { Network } from './network.ts'
import type { ProcessLife } from './process-life.ts'
import { DESK_PORT, POLICIES, PROXY_PORT, proxyHost, SALT } from './topology.ts'

const STATE_PATH = '/var/proxy'

export interface ProxyNodeOptions {
  readonly proxy: number
  readonly proxies: number
  readonly machine: Machine
  readonly network: Network
  readonly log: Logger
  readonly settings: Settings
  readonly rules: Partial<StoreRules>
  readonly note: (event: string) => void
}

export interface RunningProxy {
  readonly life: ProcessLife
  readonly environment: Environment
  /** Without any feature. */
  readonly store: CreatedStore
  /** As doors use it. */
  readonly features: Store
  readonly uploads: MultipartUploads
  readonly rings: RingDirectory
}

export class ProxyNode {
  readonly proxy: number
  readonly host: string
  readonly machine: Machine
  readonly #options: ProxyNodeOptions
  readonly #process: MachineProcess<RunningProxy>

  constructor(options: ProxyNodeOptions) {
    this.#options = options
    this.proxy = options.proxy
    this.machine = options.machine
    this.host = proxyHost(options.proxy)
    this.#process = new MachineProcess({ ...options, name: `proxy ${options.proxy}`, host: this.host })
  }

  /** `undefined` while the process is not up. */
  get running(): RunningProxy | undefined {
    return this.#process.running
  }

  get isStarted(): boolean {
    return this.#process.isStarted
  }

  /** Starts the process. Resolves when it serves, or was killed before. */
  start(): Promise<Started> {
    return this.#process.start((world) => this.#open(world))
  }

  /** The process is killed. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  /** The machine loses power. */
  losePower(): Promise<void> {
    return this.#process.losePower()
  }

  async #open({ life, environment, rings, transport }: ProcessWorld): Promise<RunningProxy> {
    const { network, settings, rules } = this.#options
    const { clock, disk } = environment
    const log = this.#options.log.child({ proxy: this.proxy })
    await makeDirectoryDurably(disk, STATE_PATH)
    const onTrouble = (error: unknown): void =>
      log.warn({ err: error }, 'the mark of the clock could not be kept')
    const mark = markInFile(disk, `${STATE_PATH}/clock`)
    const timestamps = await HybridClock.open(clock, mark, onTrouble, this.proxy)
    const store = createStore({
      environment,
      client: new NodeClient({
        transport,
        clock,
        errors: new ErrorLimiter({ clock }),
        nodeTimeoutMs: settings.proxy.nodeTimeoutMs,
        connectTimeoutMs: settings.proxy.connectTimeoutMs,
      }),
      timestamps,
      nodes: new StorageNodes(() => false),
      rings: {
        account: () => rings.account.ring,
        container: () => rings.container.ring,
        object: (index) => rings.object(index)?.ring,
      },
      salt: SALT,
      heldBodies: new MemoryBudget(),
      rules,
      invalidations: new PeerInvalidations({ transport, clock, log, peers: () => this.#others(PROXY_PORT) }),
    })
    const { deferDeletes, deferPartsCheck } = store
    const features = { environment, timestamps, policies: POLICIES, deferDeletes, deferPartsCheck }
    const self = { host: this.host, port: DESK_PORT }
    const own = quotaDeskOver(store, features)
    const members = (): readonly Endpoint[] => [self, ...this.#others(DESK_PORT)]
    const isSelf = (member: Endpoint): boolean => member.host === this.host
    const desks = new PeerDesks({ transport, clock, log, members, isSelf, own })
    const layered = withFeatures(store, { ...features, desks })
    const uploads = new MultipartUploads({
      ...environment,
      store: layered,
      timestamps,
      checkParts: deferPartsCheck,
    })
    network.listen(this.host, self, life, deskHandler(own))
    const handler = invalidationHandler((stale) => store.forget(stale))
    network.listen(this.host, { host: this.host, port: PROXY_PORT }, life, handler)
    return { life, environment, store, features: layered, uploads, rings }
  }

  #others(port: number): readonly Endpoint[] {
    const { proxy, proxies } = this.#options
    const others = Array.from({ length: proxies }, (_, at) => at).filter((at) => at !== proxy)
    return others.map((at) => ({ host: proxyHost(at), port }))
  }
}
