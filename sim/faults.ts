/**
 * What goes wrong in a run, and when. These are the faults that the cluster claims to survive, and no others: any number of
 * machines may crash, hang or be cut off, but what destroys data that was durable (a lost disk, flipped bits, a damaged
 * store) befalls one machine, until everything is repaired.
 */
import type { SeededRandom } from '#base/virtual-clock.ts'
import type { DiskOperation } from '#disk/memory-disk.ts'
import { allPower } from './all-power.ts'
import { JUMP_MS, WRONG_MORE_MS, WRONG_MS } from './clocks.ts'
import type { Cluster } from './cluster.ts'
import { Damage } from './damage.ts'
import { checkFloor } from './floor-check.ts'
import type { ProxyNode } from './proxy-node.ts'
import { checkRestarted, checkVoiceless } from './restart-check.ts'
import { RingChange } from './ring-change.ts'
import { DATABASE_REPLICATOR, hasWorker, OBJECT_REPLICATOR } from './settle.ts'
import type { StorageNode } from './storage-node.ts'
import { DEVICES_PATH, writeRings } from './topology.ts'
import { Violation } from './violation.ts'

/** From and to. */
type Link = readonly [from: string, to: string]
type Fault = (director: FaultDirector) => Promise<void>

/** How often each is chosen. */
const FAULTS: readonly (readonly [name: string, weight: number, fault: Fault])[] = [
  ['storm', 4, (director) => director.storm()],
  ['isolation', 3, (director) => director.isolation()],
  ['one-way cut', 3, (director) => director.oneWayCut()],
  ['split', 2, (director) => director.split()],
  ['kill', 4, (director) => director.kill()],
  ['power cut', 4, (director) => director.powerCut()],
  ['power cut in a write', 5, (director) => director.powerCutInWrite()],
  ['all power', 2, (director) => director.allPower()],
  ['proxy killed', 3, (director) => director.proxyKilled()],
  ['disk full', 2, (director) => director.diskFull()],
  ['disk read-only', 1, (director) => director.diskReadOnly()],
  ['read errors', 2, (director) => director.readErrors()],
  ['sync error', 2, (director) => director.syncError()],
  ['hung disk', 1, (director) => director.hungDisk()],
  ['slow disk', 2, (director) => director.slowDisk()],
  ['store fails', 2, (director) => director.storeFails()],
  ['clock jumps', 2, (director) => director.clockJumps()],
  ['clock wrong by a week', 2, (director) => director.clockWrong()],
  ['bits flip', 2, (director) => director.bitsFlip()],
  ['disk lost', 2, (director) => director.diskLost()],
  ['store damaged', 2, (director) => director.storeDamaged()],
]

/** What may fail of reading. */
const READING: readonly DiskOperation[] = [
  'read',
  'read',
  'openRead',
  'readFile',
  'getXattr',
  'stat',
  'readdir',
]
/** What a device has its indexes and its own state in. */
const STORE = /^\/srv\/node\/[^/]+\/(?:containers|accounts|index[^/]*|state)$/
/** Nodes that may be down at the same time, but for when all are. */
const DOWN_MAX = 1
const WATCH_EVERY_MS = 1_000
/** Nothing new goes wrong. */
const WATCH_HEALED_EVERY_MS = 600_000

/** Faults after which a device has to be given again what it had. */
const REFILLED: ReadonlySet<string> = new Set(['disk lost', 'store damaged'])

export class FaultDirector {
  readonly #cluster: Cluster
  readonly #random: SeededRandom
  readonly #only: readonly string[] | undefined
  readonly #suspects = new Set<StorageNode>()
  /** The one machine that may lose what was durable. */
  readonly #victim: StorageNode
  /** Rejects when a fault brought a violation to light. */
  readonly #failed = Promise.withResolvers<never>()
  readonly #underWay: Promise<void>[] = []
  /** Nodes that have an empty disk and have not run since. */
  readonly #emptied = new Set<StorageNode>()
  /** What nodes may have lost, or taken out of service: they were away for too long, or could not read it. */
  readonly #damages = new Map<StorageNode, Damage>()
  #isVictimDamaged = false
  #healed = false
  readonly #count: number
  readonly #ringChangeAt: number
  readonly ringChange: RingChange

  /** `count`: faults of the whole run. `only`: the names of those that may happen; all when left out. */
  constructor(cluster: Cluster, count: number, only?: readonly string[]) {
    this.#only = only
    this.#cluster = cluster
    this.#count = count
    this.#random = cluster.random()
    this.ringChange = new RingChange(cluster, this.#random)
    const inRing = cluster.rings.object.devices.length
    this.#victim = cluster.nodes[this.#random.below(inRing)] as StorageNode
    this.#ringChangeAt = this.#random.below(count)
    this.#failed.promise.catch(() => {})
  }

  /** Never resolves; rejects when a machine that came back had lost what it must not. */
  get failure(): Promise<never> {
    return this.#failed.promise
  }

  /**
   * Lets the faults from one to before another happen, as the work goes on (`progress`, 0 to 1 for the whole run).
   * Resolves with their names when the last has begun.
   */
  async run(from: number, end: number, progress: () => number): Promise<readonly string[]> {
    this.#healed = false
    const names: string[] = []
    const { world, events } = this.#cluster
    for (let at = from; at < end; at += 1) {
      const due = (at + 0.2 + this.#random.below(600) / 1000) / this.#count
      while (progress() < due && !this.#healed) await world.sleep(50)
      if (this.#healed) break
      if (at === this.#ringChangeAt && !this.ringChange.isBegun && this.#canRefill()) {
        names.push('ring change')
        this.#underWay.push(this.ringChange.run().catch((error: unknown) => this.#failed.reject(error)))
      }
      const [name, fault] = this.#pick()
      names.push(name)
      events.add(`fault ${name}`)
      // Faults overlap; each ends by itself or when all is healed.
      this.#underWay.push(fault(this).catch((error: unknown) => this.#failed.reject(error)))
    }
    return names
  }

  /** A machine to be sent away: the one that may have lost something already, or any. */
  someoneToLeave(): StorageNode {
    const inRing = this.#cluster.nodes.filter((node) => this.isInService(node))
    const any = inRing[this.#random.below(inRing.length)] ?? this.#victim
    return this.#isVictimDamaged ? this.#victim : any
  }

  /** Looks every few seconds, for ever, how many disks have what was acknowledged. */
  async watch(): Promise<void> {
    try {
      for (;;) {
        await this.#cluster.world.sleep(this.#healed ? WATCH_HEALED_EVERY_MS : WATCH_EVERY_MS)
        checkFloor(this.#cluster, this.#damageOf(this.#victim))
      }
    } catch (error) {
      this.#failed.reject(error)
    }
  }

  /** Everything that can be mended from outside is, and every process is up. */
  async heal(): Promise<void> {
    this.#healed = true
    const { network, nodes, proxies, events } = this.#cluster
    events.add('healing')
    network.heal()
    for (const node of nodes) this.#mendDisk(node)
    await Promise.all(this.#underWay)
    for (const { machine } of [...nodes, ...proxies]) {
      await writeRings(machine.disk.remount(), this.#cluster.rings)
    }
    for (const node of nodes) this.#mendDisk(node)
    for (const node of this.#suspects) await this.#restart(node)
    for (const node of nodes) {
      if (this.isInService(node) && !node.isStarted) await this.bringUp(node)
    }
    for (const proxy of proxies) {
      proxy.machine.skewMs = 0
      if (!proxy.isStarted) await proxy.start()
    }
    for (const node of nodes) node.machine.skewMs = 0
  }

  async storm(): Promise<void> {
    const { network } = this.#cluster
    const share = (most: number): number => (this.#random.below(1000) / 1000) * most
    network.weather = { lost: share(0.06), twice: share(0.1), late: share(0.02), slowestMs: 5 + share(400) }
    await this.wait(15_000)
    if (!this.#healed) network.weather = { lost: 0, twice: 0, late: 0, slowestMs: 4 }
  }

  async isolation(): Promise<void> {
    const node = await this.#aNode()
    const others = this.#hosts().filter((host) => host !== node.host)
    await this.#cutFor(others.flatMap((host) => both(host, node.host)))
  }

  async oneWayCut(): Promise<void> {
    const { host: node } = await this.#aNode()
    const others = this.#hosts().filter((host) => host !== node && this.#random.below(3) > 0)
    const outward = this.#random.below(2) === 0
    await this.#cutFor(others.map((host): Link => (outward ? [node, host] : [host, node])))
  }

  async split(): Promise<void> {
    const hosts = this.#hosts()
    const left = new Set(hosts.filter(() => this.#random.below(2) === 0))
    const pairs = hosts.flatMap((one) => hosts.map((other) => [one, other] as const))
    await this.#cutFor(pairs.filter(([one, other]) => left.has(one) !== left.has(other)))
  }

  async kill(): Promise<void> {
    const node = await this.#aNode()
    await node.kill()
    await this.wait(15_000)
    await this.bringUp(node)
  }

  async powerCut(): Promise<void> {
    const node = await this.#aNode()
    await node.losePower()
    await this.wait(15_000)
    await this.bringUp(node)
  }

  /** Power goes at one exact operation of the disk. */
  async powerCutInWrite(): Promise<void> {
    const node = await this.#aNode()
    const dead = Promise.withResolvers<void>()
    node.machine.disk.stopAfter(1 + this.#random.below(120), () => {
      dead.resolve(node.losePower())
    })
    await Promise.race([dead.promise, this.wait(30_000)])
    node.machine.disk.stopAfter(Number.POSITIVE_INFINITY)
    await this.wait(8_000)
    await this.bringUp(node)
  }

  async allPower(): Promise<void> {
    await allPower(this.#cluster, this, this.#random)
  }

  async proxyKilled(): Promise<void> {
    const proxy = this.#cluster.proxies[this.#random.below(this.#cluster.proxies.length)] as ProxyNode
    if (this.#random.below(2) === 0) await proxy.kill()
    else await proxy.losePower()
    await this.wait(5_000)
    if (!proxy.isStarted) await proxy.start()
  }

  async diskFull(): Promise<void> {
    const node = await this.#aNode()
    const { disk } = node.machine
    disk.setSpace('full')
    this.#suspects.add(node)
    await this.wait(10_000)
    disk.setSpace('normal')
    await this.#restart(node)
  }

  async diskReadOnly(): Promise<void> {
    const node = await this.#aNode()
    const { disk } = node.machine
    disk.setSpace('read_only')
    this.#suspects.add(node)
    await this.wait(10_000)
    disk.setSpace('normal')
    await this.#restart(node)
  }

  async readErrors(): Promise<void> {
    const node = await this.#aNode()
    const times = 1 + this.#random.below(20)
    const operation = READING[this.#random.below(READING.length)] as DiskOperation
    node.machine.disk.addFault({ operation, path: '/objects', effect: 'EIO', times })
    // What cannot be read twice is taken out of service, and fetched again.
    this.mayLose(node)
    await this.wait(10_000)
    node.machine.disk.clearFaults()
    this.mayLose(node)
  }

  async syncError(): Promise<void> {
    const operation = this.#random.below(2) === 0 ? 'sync' : 'syncDirectory'
    await this.#deviceFailure({ operation, path: DEVICES_PATH, effect: 'EIO', times: 1 })
  }

  async hungDisk(): Promise<void> {
    const operation = this.#random.below(2) === 0 ? 'sync' : 'rename'
    await this.#deviceFailure({ operation, path: DEVICES_PATH, effect: 'hang', times: 1 })
  }

  async slowDisk(): Promise<void> {
    const { machine } = await this.#aNode()
    machine.slowness = 5 + this.#random.below(100)
    await this.wait(15_000)
    machine.slowness = 1
  }

  async storeFails(): Promise<void> {
    const node = await this.#aNode()
    const { kv } = node.machine
    const paths = kv.paths()
    const path = paths[this.#random.below(Math.max(1, paths.length))]
    if (path === undefined) return
    const error = Object.assign(new Error('the store fails'), { code: 'LEVEL_IO_ERROR' })
    kv.breakWrites(path, error, () => this.#random.below(2) === 0)
    this.#suspects.add(node)
    await this.wait(8_000)
    kv.breakWrites(path, undefined)
    await this.#restart(node)
  }

  async clockJumps(): Promise<void> {
    const { proxies, nodes } = this.#cluster
    const machines = [...proxies, ...nodes].map(({ machine }) => machine)
    const machine = machines[this.#random.below(machines.length)]
    if (machine !== undefined) machine.skewMs += this.#random.below(2 * JUMP_MS) - JUMP_MS
  }

  /** Somebody sets the clock of a node, perhaps starts its process again, and corrects it later. */
  async clockWrong(): Promise<void> {
    const node = await this.#aNode()
    const { machine } = node
    const byMs = WRONG_MS + this.#random.below(WRONG_MORE_MS)
    const wrongMs = this.#random.below(2) === 0 ? byMs : -byMs
    this.#cluster.wrongClocksMs = Math.max(this.#cluster.wrongClocksMs, byMs)
    this.#suspects.add(node)
    machine.skewMs += wrongMs
    if (this.#random.below(2) === 0) await this.#restart(node)
    this.#suspects.add(node)
    await this.wait(90_000)
    if (!this.#healed) machine.skewMs -= wrongMs
    this.#suspects.delete(node)
  }

  async bitsFlip(): Promise<void> {
    const { disk } = this.#victim.machine
    this.#isVictimDamaged = true
    const files = disk.files().filter((file) => /\/objects[^/]*\/.*\.(?:data|meta|ts)$/.test(file))
    for (let flips = 0; flips < 3 && files.length > 0; flips += 1) {
      const file = files[this.#random.below(files.length)] as string
      const sizeBytes = (await disk.remount().stat(file)).sizeBytes
      this.#damageOf(this.#victim).noteFile(file)
      if (sizeBytes > 0) disk.flipBit(file, this.#random.below(sizeBytes), this.#random.below(8))
      this.#cluster.events.add(`a bit flips in ${file} on ${this.#victim.host}`)
    }
  }

  async diskLost(): Promise<void> {
    const node = this.#victim
    this.#isVictimDamaged = true
    this.mayLose(node)
    await node.losePower()
    node.machine.replaceDisk()
    this.#emptied.add(node)
    this.#cluster.events.add(`disk lost ${node.host}`)
    await node.prepareDevice()
    await writeRings(node.machine.disk.remount(), this.#cluster.rings)
    await this.wait(10_000)
    await this.bringUp(node)
  }

  /** The files of one store can be read no more: what only that store knew is lost, what lies beside it is not. */
  async storeDamaged(): Promise<void> {
    const node = this.#victim
    const { kv } = node.machine
    const paths = kv.paths().filter((path) => STORE.test(path))
    const path = paths[this.#random.below(Math.max(1, paths.length))]
    if (path === undefined) return
    this.#isVictimDamaged = true
    await node.kill()
    kv.corrupt(path, this.#random.below(2) === 0 ? 'opening' : 'reading')
    this.#cluster.events.add(`store damaged ${path} on ${node.host}`)
    await this.wait(5_000)
    await this.bringUp(node)
  }

  async #deviceFailure(fault: Parameters<StorageNode['machine']['disk']['addFault']>[0]): Promise<void> {
    const node = await this.#aNode()
    node.machine.disk.addFault(fault)
    this.#suspects.add(node)
    await this.wait(15_000)
    node.machine.disk.clearFaults()
    await this.#restart(node)
  }

  #mendDisk({ machine }: StorageNode): void {
    machine.disk.setSpace('normal')
    machine.disk.clearFaults()
    machine.disk.stopAfter(Number.POSITIVE_INFINITY)
    for (const path of machine.kv.paths()) machine.kv.breakWrites(path, undefined)
    machine.slowness = 1
  }

  async #restart(node: StorageNode): Promise<void> {
    await node.kill()
    await this.bringUp(node)
    this.#suspects.delete(node)
  }

  /** As a supervisor does: again and again, until it runs. Who kills it over that brings it up again. */
  async bringUp(node: StorageNode): Promise<void> {
    while (!node.isStarted) {
      try {
        if ((await node.start('may_have_held_data')) === 'killed') return
        if (this.#emptied.delete(node)) checkVoiceless(this.#cluster, node)
      } catch (error) {
        if (error instanceof Violation) throw error
        this.#cluster.events.add(`${node.host} does not start: ${String(error)}`)
        await this.#cluster.world.sleep(1_000)
      }
    }
    await checkRestarted(this.#cluster, node, this.#damageOf(node))
  }

  /** Whatever the node has at this moment may be gone later. */
  mayLose(node: StorageNode): void {
    this.#damageOf(node).noteAll(node)
  }

  #damageOf(node: StorageNode): Damage {
    const known = this.#damages.get(node)
    if (known !== undefined) return known
    const damage = new Damage()
    this.#damages.set(node, damage)
    return damage
  }

  async #cutFor(pairs: readonly Link[]): Promise<void> {
    const { network } = this.#cluster
    for (const [from, to] of pairs) network.cut(from, to)
    await this.wait(12_000)
    for (const [from, to] of pairs) network.mend(from, to)
  }

  /** Some of that time, or until all is healed. */
  async wait(longestMs: number): Promise<void> {
    const endMs = this.#cluster.nowMs() + this.#random.below(longestMs)
    while (this.#cluster.nowMs() < endMs && !this.#healed) await this.#cluster.world.sleep(100)
  }

  /** One that runs, as soon as few enough are down that the cluster still has a point. */
  async #aNode(): Promise<StorageNode> {
    for (;;) {
      const inRing = this.#cluster.nodes.filter((node) => this.isInService(node))
      const up = inRing.filter((node) => node.isStarted && !this.#suspects.has(node))
      if (up.length >= inRing.length - DOWN_MAX || this.#healed)
        return up[this.#random.below(up.length)] ?? this.#victim
      await this.#cluster.world.sleep(500)
    }
  }

  /** Only replicators bring back what was on a disk. */
  #canRefill(): boolean {
    return hasWorker(this.#cluster, OBJECT_REPLICATOR) && hasWorker(this.#cluster, DATABASE_REPLICATOR)
  }

  /** Do the rings have it? */
  isInService({ host }: StorageNode): boolean {
    return this.#cluster.rings.object.devices.some((device) => device?.ip === host)
  }

  #hosts(): readonly string[] {
    return [...this.#cluster.nodes, ...this.#cluster.proxies].map(({ host }) => host)
  }

  #pick(): readonly [name: string, fault: Fault] {
    const possible = FAULTS.filter(([name]) => {
      if (this.#only !== undefined && !this.#only.includes(name)) return false
      return !REFILLED.has(name) || this.#canRefill()
    })
    const total = possible.reduce((sum, [, weight]) => sum + weight, 0)
    let at = this.#random.below(total)
    for (const [name, weight, fault] of possible) {
      at -= weight
      if (at < 0) return [name, fault]
    }
    throw new Error('weights do not add up')
  }
}

function both(one: string, other: string): readonly Link[] {
  return [
    [one, other],
    [other, one],
  ]
}
