/**
 * Clients of a container with a quota. While proxies die and are cut off from each other a quota may be passed by what was
 * under way (`docs/decisions/0008-desks.md`); once everything is healed it holds to the byte, however many come at once, and
 * room that was made can be used.
 */
import { bodyPut, etagAt, inFeatures } from './feature-account.ts'
import { bodyOf } from './history.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'
import { Violation } from './violation.ts'

const CONTAINER = inFeatures('quota')
const BODY_BYTES = 100
const OBJECTS_MAX = 5
const NAMES = 8
const QUOTA_BYTES = OBJECTS_MAX * BODY_BYTES + BODY_BYTES / 2
/** Messages are late by less, milliseconds. */
const UNDER_WAY_MS = 40_000
/** What was read of a container is believed for a while, milliseconds. */
const FORGOTTEN_MS = 120_000

export class QuotaClients {
  readonly #session: Session
  /** When room was made, milliseconds since the start of the run. */
  #emptiedMs = 0

  constructor(session: Session) {
    this.#session = session
  }

  async prepare(): Promise<void> {
    await this.#session.insist('make the container with a quota', ['created', 'updated'], ({ features }) =>
      features.containers.put(contextOf('quota'), CONTAINER, {
        changes: { 'x-container-meta-quota-bytes': String(QUOTA_BYTES) },
        policyIndex: undefined,
      }),
    )
  }

  /** One operation of a client. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster, random } = this.#session
    const name = { ...CONTAINER, object: `n${random.below(NAMES)}` }
    const isPut = random.below(2) === 0
    const context = contextOf(`quota-${id}`)
    const answer = await this.#session.asked(proxy, async () =>
      isPut
        ? await proxy.features.objects.put(context, name, bodyPut(bodyOf(id, BODY_BYTES)))
        : await proxy.features.objects.delete(context, name, {}),
    )
    cluster.events.add(`quota-${id} ${isPut ? 'put' : 'delete'} ${name.object} ${answer?.kind ?? 'unknown'}`)
  }

  /** Everything is healed, and the workers have not come to rest: room is made, when nothing of before is on its way any more. */
  async finish(): Promise<void> {
    await this.#session.cluster.world.sleep(UNDER_WAY_MS)
    for (let at = 0; at < NAMES; at += 1) {
      const name = { ...CONTAINER, object: `n${at}` }
      await this.#session.insist('make room', ['deleted', 'no_such_object'], ({ features }) =>
        features.objects.delete(contextOf('quota'), name, {}),
      )
    }
    this.#emptiedMs = this.#session.cluster.nowMs()
  }

  /** What was believed of the container before room was made is forgotten. */
  async check(): Promise<void> {
    const { cluster } = this.#session
    await cluster.world.sleep(Math.max(0, this.#emptiedMs + FORGOTTEN_MS - cluster.nowMs()))
    const proxies = cluster.proxies.flatMap(({ running }) => (running === undefined ? [] : [running]))
    const names = Array.from({ length: 2 * NAMES }, (_, at) => ({ ...CONTAINER, object: `m${at}` }))
    const outcomes = await Promise.all(
      names.map((name, at) => {
        const proxy = proxies[at % proxies.length] as RunningProxy
        return proxy.features.objects.put(contextOf('quota'), name, bodyPut(bodyOf(at, BODY_BYTES)))
      }),
    )
    const created = outcomes.filter(({ kind }) => kind === 'created').length
    const [proxy] = proxies as [RunningProxy]
    const etags = await Promise.all(names.map((name) => etagAt(proxy.features, name)))
    const there = etags.filter((etag) => etag !== 'no_such_object').length
    if (there === OBJECTS_MAX && created === OBJECTS_MAX) return
    throw new Violation(
      'wrong_quota',
      `of a quota of ${OBJECTS_MAX} objects ${there} are there, ${created} were acknowledged`,
      [CONTAINER.container],
    )
  }
}
