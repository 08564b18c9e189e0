/** Clients of a simulated cluster: several at a time, each through any proxy, doing everything that clients do. */

import { Chains } from './chains.ts'
import type { Cluster } from './cluster.ts'
import { DoomedAccount } from './doomed-account.ts'
import { FeatureClients } from './feature-clients.ts'
import { FleetingContainers } from './fleeting-containers.ts'
import { ACCOUNT, aName, CONTAINERS } from './object-names.ts'
import { ObjectReaders } from './object-readers.ts'
import { ObjectWriters } from './object-writers.ts'
import type { RunningProxy } from './proxy-node.ts'
import { Races } from './races.ts'
import { contextOf, Session } from './session.ts'
import { policyOf } from './topology.ts'

const CLIENTS = 16
const PAUSE_MAX_MS = 1_600
/** Of 100 PUTs, those that come as two with the same time. */
const TWINS = 8
/** Of who follows an object: operations, how many of them for one write, and the longest pause between two, milliseconds. */
const FOLLOWED = 25
const FOLLOWED_PER_WRITE = 5
const FOLLOWED_PAUSE_MAX_MS = 500

type Action =
  | 'put'
  | 'conditional'
  | 'race'
  | 'chain'
  | 'post'
  | 'delete'
  | 'get'
  | 'head'
  | 'follow'
  | 'list'
  | 'fleeting'
  | 'feature'

/** How often, in relation to each other. */
const SHARES: readonly (readonly [Action, number])[] = [
  ['put', 32],
  ['conditional', 5],
  ['race', 1],
  ['get', 23],
  ['delete', 13],
  ['post', 10],
  ['list', 9],
  ['head', 4],
  ['follow', 1],
  ['fleeting', 8],
  ['feature', 8],
]
const SHARES_TOTAL = SHARES.reduce((sum, [, share]) => sum + share, 0)

export interface WorkloadChoices {
  readonly racePercent?: number | undefined
  readonly chainPercent?: number | undefined
  readonly featurePercent?: number | undefined
  readonly onlyFeatures?: readonly string[] | undefined
}

export interface WorkloadFigures {
  readonly operations: number
  readonly acknowledged: number
}

export class Workload {
  readonly races: Races
  readonly fleeting: FleetingContainers
  readonly doomed: DoomedAccount
  readonly features: FeatureClients
  readonly chains: Chains
  readonly #racePercent: number
  readonly #chainPercent: number
  readonly #featurePercent: number
  readonly #session: Session
  readonly #writers: ObjectWriters
  readonly #readers: ObjectReaders
  /** Numbers given to what clients do: an action has one, two that are sent together one each. */
  #numbers = 0

  /** Of 100 operations, so many are these instead of what they would be. */
  constructor(
    cluster: Cluster,
    { racePercent = 0, chainPercent = 0, featurePercent = 0, onlyFeatures }: WorkloadChoices = {},
  ) {
    this.#session = new Session(cluster)
    this.#writers = new ObjectWriters(this.#session)
    this.#readers = new ObjectReaders(this.#session)
    this.races = new Races(this.#session)
    this.fleeting = new FleetingContainers(this.#session)
    this.doomed = new DoomedAccount(this.#session)
    this.features = new FeatureClients(this.#session, onlyFeatures)
    this.chains = new Chains(this.#session)
    this.#racePercent = racePercent
    this.#chainPercent = chainPercent
    this.#featurePercent = featurePercent
  }

  /** Operations begun so far: each request of a client is one, also where several make one upload. */
  get started(): number {
    return this.#session.requests
  }

  get figures(): WorkloadFigures {
    const acknowledged = this.#writers.acknowledged + this.#readers.answered
    return { operations: this.started, acknowledged }
  }

  /** Makes what is to be there before the clients come. */
  async prepare(): Promise<void> {
    for (const container of CONTAINERS) {
      const name = { account: ACCOUNT, container }
      await this.#session.insist(`make ${container}`, ['created', 'updated'], ({ store }) =>
        store.containers.put(contextOf('prepare'), name, { changes: {}, policyIndex: policyOf(name) }),
      )
    }
    await this.races.prepare()
    if (this.#chainPercent > 0) await this.chains.prepare()
    await this.doomed.prepare()
    await this.features.prepare()
  }

  /** Operations until so many were begun. Rejects with a `Violation` when a client was told what is not so. */
  async run(until: number): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client(until)))
  }

  async #client(until: number): Promise<void> {
    const { cluster, random } = this.#session
    while (this.started < until) {
      const proxy = this.#session.aProxy()
      if (proxy === undefined) {
        await cluster.world.sleep(100)
        continue
      }
      this.#numbers += 1
      await this.#act(this.#numbers, proxy)
      await cluster.world.sleep(random.below(PAUSE_MAX_MS))
    }
  }

  #pick(): Action {
    const { random } = this.#session
    if (this.#racePercent > 0 && random.below(100) < this.#racePercent) return 'race'
    if (this.#chainPercent > 0 && random.below(100) < this.#chainPercent) return 'chain'
    if (this.#featurePercent > 0 && random.below(100) < this.#featurePercent)
      return this.#session.oneOf(['feature', 'feature', 'fleeting'])
    let at = random.below(SHARES_TOTAL)
    for (const [action, share] of SHARES) {
      at -= share
      if (at < 0) return action
    }
    return 'get'
  }

  async #act(id: number, proxy: RunningProxy): Promise<void> {
    const action = this.#pick()
    switch (action) {
      case 'put':
        return this.#session.random.below(100) < TWINS
          ? await this.#twins(id, proxy)
          : await this.#writers.write(id, proxy, 'PUT')
      case 'conditional':
        return await this.#writers.conditional(id, proxy)
      case 'race':
        return await this.races.run(id)
      case 'chain':
        return await this.chains.run(id, proxy)
      case 'post':
        return await this.#writers.write(id, proxy, 'POST')
      case 'delete':
        return await this.#writers.write(id, proxy, 'DELETE')
      case 'get':
      case 'head':
        return await this.#readers.read(id, proxy, action === 'get' ? 'GET' : 'HEAD')
      case 'follow':
        return await this.#follow(id, proxy)
      case 'list':
        return await this.#readers.list(id, proxy)
      case 'fleeting':
        return await this.fleeting.act(id, proxy)
      case 'feature':
        return await this.features.act(id, proxy)
    }
  }

  /** One object is read again and again, which is worth read leases, and overwritten now and then through any proxy. */
  async #follow(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster, random } = this.#session
    const name = aName(random)
    for (let turn = 0; turn < FOLLOWED; turn += 1) {
      const writer = random.below(FOLLOWED_PER_WRITE) === 0 ? this.#session.aProxy() : undefined
      if (writer === undefined) await this.#readers.read(id, proxy, 'GET', name)
      else {
        this.#numbers += 1
        await this.#writers.write(this.#numbers, writer, 'PUT', name)
      }
      await cluster.world.sleep(random.below(FOLLOWED_PAUSE_MAX_MS))
    }
  }

  async #twins(id: number, proxy: RunningProxy): Promise<void> {
    this.#numbers += 1
    await this.#writers.twins([id, this.#numbers], proxy)
  }
}
