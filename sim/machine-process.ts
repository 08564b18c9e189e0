/** The one process of a machine of a simulated cluster: started, killed at any moment, started again on what is left. */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Transport } from '#http/transport.ts'
import { RingDirectory } from '#ring/ring-directory.ts'
import type { Machine } from './machine.ts'
import type { Network } from './network.ts'
import { ProcessLife } from './process-life.ts'
import { POLICY_INDEXES, RINGS_PATH } from './topology.ts'

export interface MachineProcessOptions {
  /** What its lives are called. */
  readonly name: string
  readonly host: string
  readonly machine: Machine
  readonly network: Network
  readonly log: Logger
  /** Told when the process starts, serves, or ends. */
  readonly note: (event: string) => void
}

/** What every process has of the world while it lives. */
export interface ProcessWorld {
  readonly life: ProcessLife
  readonly environment: Environment
  readonly rings: RingDirectory
  readonly transport: Transport
}

/** What became of a start. Who killed the process starts it again. */
export type Started = 'serves' | 'killed'

export class MachineProcess<Running> {
  readonly #options: MachineProcessOptions
  #running: Running | undefined
  #starting: ProcessLife | undefined

  constructor(options: MachineProcessOptions) {
    this.#options = options
  }

  /** `undefined` while the process is not up. */
  get running(): Running | undefined {
    return this.#running
  }

  /** Is there a process, or one about to be? */
  get isStarted(): boolean {
    return this.#starting !== undefined
  }

  /** Starts the process. Resolves when it serves, or is killed before it does; rejects as `open` does. */
  async start(open: (world: ProcessWorld) => Promise<Running>): Promise<Started> {
    const life = new ProcessLife(this.#options.name)
    this.#starting = life
    this.#note('starts')
    try {
      const running = await life.orEnd(life.run(async () => open(await this.#world(life))))
      if (running === undefined || !life.isAlive) return 'killed'
      this.#running = running
      this.#note('serves')
      return 'serves'
    } catch (error) {
      if (this.#starting === life) this.#starting = undefined
      life.end()
      throw error
    }
  }

  /** The process is killed; what it had written stays with the kernel. */
  async kill(): Promise<void> {
    this.#end()
    await this.#options.machine.loseProcess()
  }

  /** The machine loses power. */
  async losePower(): Promise<void> {
    this.#end()
    await this.#options.machine.losePower()
  }

  /** An orderly stop: `close` lets go of everything. */
  async stop(close: (running: Running) => Promise<void>): Promise<void> {
    const [running, life] = [this.#running, this.#starting]
    if (running === undefined) return
    this.#running = undefined
    await close(running)
    this.#starting = undefined
    life?.end()
    await this.#options.machine.loseProcess()
  }

  #note(event: string): void {
    this.#options.note(`${this.#options.host} ${event}`)
  }

  #end(): void {
    if (this.#starting !== undefined) this.#note('dies')
    this.#starting?.end()
    this.#starting = undefined
    this.#running = undefined
  }

  async #world(life: ProcessLife): Promise<ProcessWorld> {
    const { machine, network, host, log } = this.#options
    const environment = machine.environment(life)
    const rings = await RingDirectory.open({
      environment,
      log,
      directory: RINGS_PATH,
      policies: POLICY_INDEXES,
    })
    if (!(rings instanceof RingDirectory)) throw new Error(`${rings.path}: ${rings.reason}`)
    const transport = network.transportFor(host, life, environment.clock)
    return { life, environment, rings, transport }
  }
}
