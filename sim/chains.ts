/**
 * Chains: clients change the same few objects, each only if it still is what they saw: they put, delete and complete uploads
 * on a condition, several at once through several proxies, whatever dies. Each state of an object is the base of at most one
 * change that was acknowledged, and at the end the object is what the last link of its chain made of it.
 */
import { hash as hashOf } from 'node:crypto'
import type { WriteCondition } from '#store/condition.ts'
import type { ObjectName } from '#store/operation.ts'
import { sendParts } from './client-upload.ts'
import { bodyPut, inFeatures } from './feature-account.ts'
import { bodyOf } from './history.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'
import { Violation } from './violation.ts'

const CONTAINER = inFeatures('chains')
const NAMES = 3
const RACERS = 4
const BODY_BYTES = 80
const PARTS = 2
/** An upload is begun, its parts are sent, and it is completed. */
const UPLOAD_REQUESTS = PARTS + 2
/** Where the ETag of an object of parts stands, as S3's clients know it. */
const ETAG_AT = 'x-object-sysmeta-s3api-etag'
const ABSENT = 'absent'

type Way = 'put' | 'delete' | 'complete'

interface Link {
  readonly name: string
  /** ETag of what it was made on, or `absent`. */
  readonly base: string
  readonly way: Way
  /** ETag of what it makes, or `absent`. */
  made: string | undefined
  outcome: 'perhaps' | 'done' | 'refused'
}

export class Chains {
  readonly #session: Session
  readonly #links: Link[] = []

  constructor(session: Session) {
    this.#session = session
  }

  async prepare(): Promise<void> {
    await this.#session.insist('make the container of chains', ['created', 'updated'], ({ features }) =>
      features.containers.put(contextOf('chain'), CONTAINER, { changes: {}, policyIndex: undefined }),
    )
  }

  /** Several try to be the next link. Throws a `Violation` when two were told that they are. */
  async run(id: number, proxy: RunningProxy): Promise<void> {
    const object = `chain-${this.#session.random.below(NAMES)}`
    const base = await this.#session.asked(proxy, () => stateAt(proxy, object))
    if (base === undefined || base === 'unknown') return
    await Promise.all(Array.from({ length: RACERS }, (_, racer) => this.#try(id, racer, object, base)))
    this.#checkBase(object, base)
  }

  /** Everything is healed: each object is at the end of its chain. */
  async check(): Promise<void> {
    for (let at = 0; at < NAMES; at += 1) {
      const object = `chain-${at}`
      for (const { running } of this.#session.cluster.proxies) {
        if (running !== undefined) this.#checkEnd(object, await stateAt(running, object))
      }
    }
  }

  async #try(id: number, racer: number, object: string, base: string): Promise<void> {
    const proxy = this.#session.aProxy()
    if (proxy === undefined) return
    const way: Way = racer === 0 ? 'complete' : racer === 1 && base !== ABSENT ? 'delete' : 'put'
    const link: Link = { name: object, base, way, made: undefined, outcome: 'perhaps' }
    this.#links.push(link)
    const requests = way === 'complete' ? UPLOAD_REQUESTS : 1
    const kind = await this.#session.asked(proxy, () => write(proxy, id * RACERS + racer, link), requests)
    if (kind === 'done' || kind === 'refused') link.outcome = kind
    this.#session.cluster.events.add(
      `chain-${id} ${object} ${way} on ${base} at ${proxy.life.name}: ${kind ?? 'unknown'} ${link.made ?? ''}`,
    )
  }

  /** Of a state that comes once there is one successor; nothing comes again with each deletion. */
  #checkBase(object: string, base: string): void {
    const links = this.#links.filter(({ name }) => name === object)
    const done = links.filter((link) => link.base === base && link.outcome === 'done')
    const ends = links.filter(({ way, outcome }) => way === 'delete' && outcome !== 'refused')
    if (done.length <= (base === ABSENT ? ends.length + 1 : 1)) return
    throw new Violation('two_winners', `${done.length} links of ${object} were made on ${base}`, [object])
  }

  #checkEnd(object: string, state: string): void {
    const links = this.#links.filter(({ name }) => name === object)
    const isFirst = state === ABSENT && links.every(({ outcome }) => outcome !== 'done')
    const makers = links.filter(({ made, outcome }) => made === state && outcome !== 'refused')
    if (makers.length === 0 && !isFirst) throw lost(object, `is ${state}, which nobody made`)
    if (state !== ABSENT && links.some(({ base, outcome }) => base === state && outcome === 'done'))
      throw lost(object, `is ${state} again, which was replaced`)
    const open = links.find(
      ({ made, outcome }) =>
        outcome === 'done' &&
        made !== state &&
        made !== ABSENT &&
        !links.some((next) => next.base === made && next.outcome !== 'refused'),
    )
    if (open !== undefined) throw lost(object, `is ${state}, but ${open.made} was made and never replaced`)
  }
}

function lost(object: string, what: string): Violation {
  return new Violation('broken_chain', `${object} ${what}`, [object])
}

/** The ETag of what is there, `absent`, or `unknown`. */
async function stateAt({ features }: RunningProxy, object: string): Promise<string> {
  const read = await features.objects.read(contextOf('chain'), nameOf(object), {
    method: 'HEAD',
    conditions: {},
    newest: true,
  })
  if (read.kind === 'no_such_object') return ABSENT
  if (read.kind !== 'found') return 'unknown'
  return read.headers[ETAG_AT] ?? read.headers['etag']?.replaceAll('"', '') ?? 'unknown'
}

function nameOf(object: string): ObjectName {
  return { ...CONTAINER, object }
}

async function write(proxy: RunningProxy, id: number, link: Link): Promise<'done' | 'refused' | 'perhaps'> {
  const context = contextOf(`chain-${id}`)
  const name = nameOf(link.name)
  const condition: WriteCondition =
    link.base === ABSENT
      ? { kind: 'absent' }
      : { kind: 'matches', etags: `"${link.base}"`, etagIsAt: ETAG_AT }
  const outcome = await send()
  if (outcome.kind === 'created' || outcome.kind === 'deleted' || outcome.kind === 'completed') return 'done'
  return REFUSALS.has(outcome.kind) ? 'refused' : 'perhaps'

  async function send(): Promise<{ readonly kind: string }> {
    if (link.way === 'delete') {
      link.made = ABSENT
      return await proxy.features.objects.delete(context, name, { condition })
    }
    const bodies = Array.from({ length: PARTS }, (_, at) => bodyOf(id * PARTS + at, BODY_BYTES))
    if (link.way === 'put') {
      link.made = hashOf('md5', bodies[0] as Buffer)
      return await proxy.features.objects.put(context, name, { ...bodyPut(bodies[0] as Buffer), condition })
    }
    const sent = await sendParts(proxy, context, name, bodies)
    if (sent === undefined) return { kind: 'precondition_failed' }
    link.made = etagOfParts(bodies)
    return await proxy.uploads.complete<never>(context, {
      ...sent,
      name,
      condition,
      partBytesMin: 1,
      describe: () => ({ kind: 'described', metadata: {} }),
    })
  }
}

/** Nothing was changed, and nothing will be. */
const REFUSALS: ReadonlySet<string> = new Set(['precondition_failed', 'no_such_object'])

function etagOfParts(bodies: readonly Buffer[]): string {
  const md5s = bodies.map((body) => Buffer.from(hashOf('md5', body), 'hex'))
  return `${hashOf('md5', Buffer.concat(md5s))}-${bodies.length}`
}
