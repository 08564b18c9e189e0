/** What clients do to a few objects of a container, again and again, and what they were told of it. */
import { hash as hashOf } from 'node:crypto'
import type { ContainerName } from '#store/operation.ts'
import { bodyPut, etagAt, LINGERS_MS } from './feature-account.ts'
import { bodyOf } from './history.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'
import { Violation } from './violation.ts'

const BODY_BYTES = 80

/** One thing that was done to an object. */
export interface ObjectDeed {
  readonly kind: 'put' | 'delete'
  readonly object: string
  readonly etag: string
  readonly startedMs: number
  /** When nothing more can come of it. */
  endedMs: number
  isDone: boolean
  versionId: string | undefined
}

export class ObjectDeeds {
  readonly all: ObjectDeed[] = []
  readonly #session: Session
  readonly #container: ContainerName
  readonly #objects: readonly string[]

  constructor(session: Session, container: ContainerName, objects: readonly string[]) {
    this.#session = session
    this.#container = container
    this.#objects = objects
  }

  /** One PUT or DELETE of any of the objects. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster } = this.#session
    const kind = this.#session.oneOf<ObjectDeed['kind']>(['put', 'put', 'delete'])
    const bytes = bodyOf(id, BODY_BYTES)
    const deed: ObjectDeed = {
      kind,
      object: this.#session.oneOf(this.#objects),
      etag: hashOf('md5', bytes),
      startedMs: cluster.nowMs(),
      endedMs: Number.POSITIVE_INFINITY,
      isDone: false,
      versionId: undefined,
    }
    this.all.push(deed)
    const { container } = this.#container
    const name = { ...this.#container, object: deed.object }
    const context = contextOf(`${container}-${id}`)
    const answer = await this.#session.asked(proxy, async () =>
      kind === 'put'
        ? await proxy.features.objects.put(context, name, bodyPut(bytes))
        : await proxy.features.objects.delete(context, name, {}),
    )
    deed.isDone = answer?.kind === 'created' || answer?.kind === 'deleted'
    if (answer !== undefined && 'versionId' in answer) deed.versionId = answer.versionId
    deed.endedMs = cluster.nowMs() + (deed.isDone ? 0 : LINGERS_MS)
    cluster.events.add(
      `${container}-${id} ${kind} ${deed.object} ${answer?.kind ?? 'unknown'} ${deed.versionId ?? ''}`,
    )
  }

  /** Everything is healed: each object is what was done to it last, where that is certain. */
  async checkCurrent({ features }: RunningProxy, proxy: number): Promise<void> {
    for (const object of this.#objects) {
      const last = this.#lastCertain(object)
      if (last === undefined) continue
      const wanted = last.kind === 'put' ? last.etag : 'no_such_object'
      const etag = await etagAt(features, { ...this.#container, object })
      if (etag === wanted) continue
      const what = `it is ${etag} at proxy ${proxy}, and ${wanted} was acknowledged last`
      throw this.wrong('stale_read', object, what)
    }
  }

  wrong(check: string, object: string, what: string): Violation {
    const { container } = this.#container
    return new Violation(check, `${container}/${object}: ${what}`, [`${container}-`, object])
  }

  /** What was done when nothing else was under way, and nothing was done after it. */
  #lastCertain(object: string): ObjectDeed | undefined {
    const own = this.all.filter((deed) => deed.object === object)
    const last = own.filter(({ isDone }) => isDone).at(-1)
    const isDisturbed = own.some((deed) => deed !== last && deed.endedMs >= (last?.startedMs ?? 0))
    return isDisturbed ? undefined : last
  }
}
