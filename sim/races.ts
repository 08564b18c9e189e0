/**
 * Races: several clients through several proxies create the same object, each only if it is not there. At most one is ever
 * told that it did, and then the object is that one's, whatever fails.
 */
import { hash as hashOf } from 'node:crypto'
import { bufferBody, readWhole } from '#http/message.ts'
import type { ObjectName } from '#store/operation.ts'
import { bodyOf } from './history.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'
import { Violation } from './violation.ts'

/** Its listings and counters are not those of the other objects. */
const ACCOUNT = 'AUTH_races'
const CONTAINER = 'r'
const RACERS = 4
const BODY_BYTES = 200

interface Race {
  readonly name: ObjectName
  readonly etags: Map<number, string>
  readonly winners: number[]
}

export class Races {
  readonly #session: Session
  readonly #races: Race[] = []

  constructor(session: Session) {
    this.#session = session
  }

  /** Makes the container in which they race. */
  async prepare(): Promise<void> {
    const name = { account: ACCOUNT, container: CONTAINER }
    await this.#session.insist('make the container of the races', ['created', 'updated'], ({ store }) =>
      store.containers.put(contextOf('race'), name, { changes: {}, policyIndex: undefined }),
    )
  }

  /** One race for a name that nobody had before. Throws a `Violation` when two have won. */
  async run(id: number): Promise<void> {
    const name = { account: ACCOUNT, container: CONTAINER, object: `race-${id}` }
    const race: Race = { name, etags: new Map(), winners: [] }
    this.#races.push(race)
    await Promise.all(Array.from({ length: RACERS }, (_, racer) => this.#race(id, racer, race)))
    if (race.winners.length > 1) {
      throw new Violation(
        'two_winners',
        `racers ${race.winners.join(' and ')} of race-${id} were told that they won`,
        [`race-${id}`],
      )
    }
  }

  async #race(id: number, racer: number, race: Race): Promise<void> {
    const { cluster } = this.#session
    const proxy = this.#session.aProxy()
    if (proxy === undefined) return
    const body = bodyOf(id * RACERS + racer, BODY_BYTES)
    race.etags.set(racer, hashOf('md5', body))
    const outcome = await this.#session.asked(proxy, () => this.#put(proxy, race, racer, body))
    cluster.events.add(`race-${id} racer ${racer} at ${proxy.life.name}: ${outcome?.kind ?? 'unknown'}`)
    if (outcome?.kind === 'created') race.winners.push(racer)
  }

  /** Every race that was won has its winner's object, at every proxy. */
  async check(): Promise<void> {
    for (const race of this.#races) {
      for (const { running, proxy } of this.#session.cluster.proxies) {
        if (running !== undefined) await checkRace(race, running, proxy)
      }
    }
  }

  #put({ store }: RunningProxy, { name }: Race, racer: number, body: Buffer) {
    return store.objects.put(contextOf(`${name.object}-${racer}`), name, {
      body: bufferBody(body),
      contentType: 'text/plain',
      metadata: {},
      expectedEtag: undefined,
      condition: { kind: 'absent' },
      limitBytes: BODY_BYTES,
    })
  }
}

async function checkRace(
  { name, winners, etags }: Race,
  { store }: RunningProxy,
  proxy: number,
): Promise<void> {
  const read = await store.objects.read(contextOf('check'), name, {
    method: 'GET',
    conditions: {},
    newest: true,
  })
  const [winner] = winners
  if (read.kind !== 'found') {
    if (winner === undefined && read.kind === 'no_such_object') return
    const who = winner === undefined ? 'nobody won' : `racer ${winner} won`
    throw new Violation('lost_race', `${name.object} at proxy ${proxy} is ${read.kind}; ${who}`, [
      name.object,
    ])
  }
  const etag = hashOf('md5', await readWhole(read.body, BODY_BYTES))
  const wanted = winner === undefined ? [...etags.values()] : [etags.get(winner)]
  if (wanted.includes(etag)) return
  throw new Violation('lost_race', `${name.object} at proxy ${proxy} is not its winner's, ${winner}`, [
    name.object,
  ])
}
