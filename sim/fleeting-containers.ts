/**
 * Containers that are made and deleted while clients store objects in them, also twice with different storage policies
 * while the network is cut. An acknowledged object neither goes with its container, also when that is deleted at the same
 * moment, nor gets lost when it is moved to the policy that holds in the end; and what is listed can be read.
 */
import { hash as hashOf } from 'node:crypto'
import { bufferBody, readWhole } from '#http/message.ts'
import type { ContainerName, ObjectName } from '#store/operation.ts'
import { bodyOf } from './history.ts'
import { pathOf } from './object-names.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'
import { POLICY_INDEXES } from './topology.ts'
import { Violation } from './violation.ts'

/** Its listings and counters are not those of the other objects. */
const ACCOUNT = 'AUTH_fleeting'
const CONTAINERS: readonly string[] = ['f0', 'f1', 'f2']
const OBJECTS: readonly string[] = ['q0', 'q1', 'q2']
const BODY_BYTES = 100
/** What nobody knows the end of may go on for so long, milliseconds. */
const LINGERS_MS = 120_000

/** What a read of an object that was deleted may be answered. */
const ABSENT: ReadonlySet<string> = new Set(['no_such_object', 'no_such_container'])

type Kind = 'make' | 'drop' | 'put' | 'delete'
/** How often, in relation to each other. */
const KINDS: readonly Kind[] = ['make', 'make', 'put', 'put', 'put', 'delete', 'drop', 'drop']

/** One thing that was done to a container, or to an object in it. */
interface Deed {
  readonly kind: Kind
  readonly container: string
  /** `undefined`: it was done to the container. */
  readonly object: string | undefined
  readonly etag: string
  readonly startedMs: number
  /** When nothing more can come of it. */
  endedMs: number
  isDone: boolean
  isListed: boolean
}

export class FleetingContainers {
  readonly #session: Session
  readonly #deeds: Deed[] = []

  constructor(session: Session) {
    this.#session = session
  }

  /** One operation of a client. Throws a `Violation` when a container that had something was deleted. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    const container = this.#session.oneOf(CONTAINERS)
    const kind = this.#session.oneOf([...KINDS, 'late'] as const)
    if (kind === 'late') return await this.#putLate(id, proxy, container)
    await this.#deed(id, proxy, kind, container)
  }

  /** A container is emptied, and deleted while somebody else puts an object into it. */
  async #putLate(id: number, proxy: RunningProxy, container: string): Promise<void> {
    for (const object of OBJECTS) await this.#deed(id, proxy, 'delete', container, object)
    const other = this.#session.aProxy() ?? proxy
    await Promise.all([this.#deed(id, proxy, 'drop', container), this.#deed(id, other, 'put', container)])
  }

  async #deed(
    id: number,
    proxy: RunningProxy,
    kind: Kind,
    container: string,
    object = kind === 'put' || kind === 'delete' ? this.#session.oneOf(OBJECTS) : undefined,
  ): Promise<void> {
    const { cluster, random } = this.#session
    const bytes = bodyOf(id, BODY_BYTES)
    const policyIndex = random.below(2) === 0 ? undefined : this.#session.oneOf(POLICY_INDEXES)
    const deed: Deed = {
      kind,
      container,
      object,
      etag: hashOf('md5', bytes),
      startedMs: cluster.nowMs(),
      endedMs: Number.POSITIVE_INFINITY,
      isDone: false,
      isListed: false,
    }
    this.#deeds.push(deed)
    const answer = await this.#session.asked(proxy, () => this.#do(id, deed, proxy, bytes, policyIndex))
    deed.isDone = answer !== undefined && ['created', 'updated', 'deleted'].includes(answer.kind)
    deed.isListed = deed.isDone && answer?.listingPending === false
    deed.endedMs = cluster.nowMs() + (deed.isDone ? 0 : LINGERS_MS)
    cluster.events.add(`op-${id} ${kind} ${container} ${object ?? ''} ${answer?.kind ?? 'unknown'}`)
    if (deed.kind === 'drop' && deed.isDone) this.#checkDropped(deed)
  }

  /** Everything is healed: what must be there is, and what is listed is there. */
  async check(): Promise<void> {
    for (const { running, proxy } of this.#session.cluster.proxies) {
      if (running === undefined) continue
      for (const container of CONTAINERS) await this.#checkContainer(container, running, proxy)
    }
  }

  #do(
    id: number,
    { kind, container, object }: Deed,
    { store }: RunningProxy,
    bytes: Buffer,
    policyIndex: number | undefined,
  ): Promise<{ readonly kind: string; readonly listingPending?: boolean }> {
    const context = contextOf(`fleeting-${id}`)
    const name: ContainerName = { account: ACCOUNT, container }
    const objectName: ObjectName = { ...name, object: object ?? '' }
    switch (kind) {
      case 'make':
        return store.containers.put(context, name, { changes: {}, policyIndex })
      case 'drop':
        return store.containers.delete(context, name)
      case 'delete':
        return store.objects.delete(context, objectName, {})
      case 'put':
        return store.objects.put(context, objectName, {
          body: bufferBody(bytes),
          contentType: 'text/plain',
          metadata: {},
          expectedEtag: undefined,
          limitBytes: BODY_BYTES,
        })
    }
  }

  /** An object that was listed before, and that nobody touched since, was in the container. */
  #checkDropped(drop: Deed): void {
    for (const object of OBJECTS) {
      const put = this.#certain(drop.container, object, (one) => one !== drop)
      if (put === undefined || !put.isListed || put.endedMs >= drop.startedMs) continue
      const path = pathOf({ account: ACCOUNT, container: drop.container, object })
      throw new Violation('deleted_with_content', `${drop.container} was deleted, and ${path} was in it`, [
        path,
        drop.container,
      ])
    }
  }

  /** The PUT (or deletion) after which nothing was done to the object, nor to its container what `disturbs`. */
  #certain(
    container: string,
    object: string,
    disturbs: (deed: Deed) => boolean,
    kind: 'put' | 'delete' = 'put',
  ): Deed | undefined {
    const last = this.#deeds.findLast(
      (one) => one.kind === kind && one.container === container && one.object === object && one.isDone,
    )
    if (last === undefined) return undefined
    const isDisturbed = this.#deeds.some((one) => {
      if (one === last || one.container !== container || one.endedMs < last.startedMs) return false
      return one.object === undefined ? disturbs(one) : one.object === object
    })
    return isDisturbed ? undefined : last
  }

  /** What was deleted does not come back, whichever policies its container had before and after. */
  async #checkDeleted(name: ObjectName, proxy: RunningProxy, number: number): Promise<void> {
    const deleted = this.#certain(name.container, name.object, () => false, 'delete')
    if (deleted === undefined) return
    const read = await etagOf(proxy, name)
    if (ABSENT.has(read)) return
    const path = pathOf(name)
    throw new Violation('undeleted_object', `${path} at proxy ${number} is ${read}, and was deleted`, [
      path,
      name.container,
    ])
  }

  async #checkContainer(container: string, proxy: RunningProxy, number: number): Promise<void> {
    const name = { account: ACCOUNT, container }
    for (const object of OBJECTS) {
      const put = this.#certain(container, object, () => false)
      if (put === undefined) {
        await this.#checkDeleted({ ...name, object }, proxy, number)
        continue
      }
      const etag = await etagOf(proxy, { ...name, object })
      if (etag === put.etag) continue
      const path = pathOf({ ...name, object })
      throw new Violation(
        'lost_object',
        `${path} at proxy ${number} is ${etag}, and ${put.etag} was acknowledged`,
        [path, container],
      )
    }
    const listing = { limit: 100, reverse: false }
    const read = await proxy.store.containers.read(contextOf('check'), name, { listing })
    if (read.kind !== 'found') return
    for (const entry of read.page?.entries() ?? []) {
      if (entry.kind !== 'object') continue
      const etag = await etagOf(proxy, { ...name, object: entry.name })
      if (etag === entry.etag) continue
      throw new Violation(
        'ghost',
        `${container} lists ${entry.name} with ${entry.etag} at proxy ${number}, but it is ${etag}`,
        [pathOf({ ...name, object: entry.name }), container],
      )
    }
  }
}

/** MD5 of what is read, or why nothing is. */
async function etagOf({ store }: RunningProxy, name: ObjectName): Promise<string> {
  const read = await store.objects.read(contextOf('check'), name, {
    method: 'GET',
    conditions: {},
    newest: true,
  })
  return read.kind === 'found' ? hashOf('md5', await readWhole(read.body, BODY_BYTES)) : read.kind
}
