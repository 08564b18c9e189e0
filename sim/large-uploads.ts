/**
 * Clients that store large objects in segments and delete them with their segments. What was acknowledged reads as it was
 * sent; once a delete with segments is over nothing of it is on any disk; one that broke off is ended by the next, which finds
 * through the manifest what is left.
 */
import { hash as hashOf } from 'node:crypto'
import type { SegmentWanted } from '#store/contract.ts'
import type { ObjectName } from '#store/operation.ts'
import { bodyPut, etagAt, inFeatures } from './feature-account.ts'
import { bodyOf } from './history.ts'
import type { RunningProxy } from './proxy-node.ts'
import { SegmentOrder } from './segment-order.ts'
import { contextOf, type Session } from './session.ts'
import { whoHas } from './stored-data.ts'
import { Violation } from './violation.ts'

const CONTAINER = inFeatures('large')
const SEGMENTS = 2
const SEGMENT_BYTES = 90

interface Large {
  readonly name: ObjectName
  readonly segments: readonly ObjectName[]
  readonly etag: string
  isMade: boolean
  /** `perhaps`: somebody tried. */
  dropped: 'no' | 'perhaps' | 'yes'
}

export class LargeUploads {
  readonly #session: Session
  readonly #all: Large[] = []
  readonly #order = new SegmentOrder()

  constructor(session: Session) {
    this.#session = session
    session.cluster.onSent(this.#order.sent)
  }

  async prepare(): Promise<void> {
    await this.#session.insist(
      'make the container of large objects',
      ['created', 'updated'],
      ({ features }) =>
        features.containers.put(contextOf('large'), CONTAINER, { changes: {}, policyIndex: undefined }),
    )
  }

  /** One operation of a client: a large object more, or one that is deleted. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    const made = this.#all.filter(({ isMade, dropped }) => isMade && dropped !== 'yes')
    const { random } = this.#session
    if (made.length === 0 || random.below(5) < 3) await this.#make(id, proxy)
    else await this.#drop(id, this.#session.oneOf(made), proxy, random.below(2) === 0 ? 'now' : 'later')
  }

  /** Deletes what somebody tried to delete, again. To be called when everything is healed, before the expirer ends. */
  async finish(): Promise<void> {
    for (const large of this.#all) {
      if (large.dropped !== 'perhaps') continue
      await this.#session.insist(
        `delete ${large.name.object}`,
        ['deleted', 'no_such_object'],
        ({ features }) => features.objects.delete(contextOf('large'), large.name, { segments: 'now' }),
      )
      large.dropped = 'yes'
    }
  }

  /** Everything is healed, and the expirer has nothing left to do. */
  async check(): Promise<void> {
    const { cluster } = this.#session
    for (const { running, proxy } of cluster.proxies) {
      if (running === undefined) continue
      for (const large of this.#all) await checkLarge(large, running, proxy)
    }
    const gone = this.#all.filter(({ dropped }) => dropped === 'yes')
    const left = whoHas(
      cluster,
      gone.flatMap(({ name, segments }) => [name, ...segments]),
    )
    if (left.length === 0) return
    const [first = ''] = left
    const number = /\/s(\d+)-/.exec(first)?.[1] ?? ''
    throw new Violation('segments_left', left.join(', '), [`/l${number}`, `/s${number}-`, ` l${number} `])
  }

  async #make(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster } = this.#session
    const segments = Array.from({ length: SEGMENTS }, (_, at) => ({ ...CONTAINER, object: `s${id}-${at}` }))
    const bodies = segments.map((_, at) => bodyOf(id * SEGMENTS + at, SEGMENT_BYTES))
    const name = { ...CONTAINER, object: `l${id}` }
    const etag = hashOf('md5', Buffer.concat(bodies))
    const large: Large = { name, segments, etag, isMade: false, dropped: 'no' }
    this.#all.push(large)
    const context = contextOf(`large-${id}`)
    const make = async (): Promise<{ readonly kind: string }> => {
      for (const [at, segment] of segments.entries()) {
        const stored = await proxy.features.objects.put(context, segment, bodyPut(bodies[at] as Buffer))
        if (stored.kind !== 'created') return stored
      }
      const put = { ...bodyPut(Buffer.alloc(0)), segments: segments.map(wanted) }
      return await proxy.features.objects.put(context, name, put)
    }
    const outcome = await this.#session.asked(proxy, make, SEGMENTS + 1)
    large.isMade = outcome?.kind === 'created'
    cluster.events.add(`large-${id} make ${name.object} ${outcome?.kind ?? 'unknown'}`)
  }

  async #drop(id: number, large: Large, proxy: RunningProxy, segments: 'now' | 'later'): Promise<void> {
    const { cluster } = this.#session
    large.dropped = 'perhaps'
    // What is deleted later is in the queue of the expirer before the manifest goes.
    if (segments === 'now') this.#order.begin(`large-${id}`, large.name, large.segments)
    const outcome = await this.#session.asked(proxy, () =>
      proxy.features.objects.delete(contextOf(`large-${id}`), large.name, { segments }),
    )
    const failed = outcome?.kind === 'deleted' ? (outcome.report?.failures.length ?? 0) : 0
    if (outcome?.kind === 'deleted' && failed === 0) large.dropped = 'yes'
    cluster.events.add(`large-${id} drop ${large.name.object} ${segments} ${outcome?.kind ?? 'unknown'}`)
    this.#order.check()
  }
}

function wanted({ container, object }: ObjectName): SegmentWanted {
  return {
    kind: 'object',
    path: `/${container}/${object}`,
    etag: undefined,
    sizeBytes: undefined,
    range: undefined,
  }
}

async function checkLarge(
  { name, etag, isMade, dropped }: Large,
  proxy: RunningProxy,
  at: number,
): Promise<void> {
  if (dropped === 'no' && !isMade) return
  const expected = dropped === 'yes' ? 'no_such_object' : etag
  const found = await etagAt(proxy.features, name)
  if (found === expected) return
  const check = dropped === 'yes' ? 'undeleted_object' : 'lost_object'
  throw new Violation(check, `${name.object} is ${found} at proxy ${at}, not ${expected}`, [
    'large-',
    name.object,
  ])
}
