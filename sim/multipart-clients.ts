/**
 * Clients that upload in parts and complete or abort. A completed upload is its object, byte for byte; an aborted one is
 * none; of both together only one ever happened.
 */
import { hash as hashOf } from 'node:crypto'
import type { ObjectName } from '#store/operation.ts'
import { type SentParts, sendParts } from './client-upload.ts'
import { etagAt, inFeatures } from './feature-account.ts'
import { bodyOf } from './history.ts'
import type { RunningProxy } from './proxy-node.ts'
import { contextOf, type Session } from './session.ts'
import { Violation } from './violation.ts'

const CONTAINER = inFeatures('uploads')
const PARTS = 2
const PART_BYTES = 70

/** What is known of one end of an upload. */
type Ending = 'not_tried' | 'perhaps' | 'done'

interface ClientUpload {
  /** As the event log names it. */
  readonly id: number
  readonly name: ObjectName
  readonly etag: string
  completed: Ending
  aborted: Ending
}

export class MultipartClients {
  readonly #session: Session
  readonly #uploads: ClientUpload[] = []

  constructor(session: Session) {
    this.#session = session
  }

  async prepare(): Promise<void> {
    await this.#session.insist('make the container of uploads', ['created', 'updated'], ({ features }) =>
      features.containers.put(contextOf('upload'), CONTAINER, { changes: {}, policyIndex: undefined }),
    )
  }

  /** One upload from its begin to its end, or as far as it comes. */
  async act(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster, random } = this.#session
    const bodies = Array.from({ length: PARTS }, (_, at) => bodyOf(id * PARTS + at, PART_BYTES))
    const name = { ...CONTAINER, object: `u${id}` }
    const etag = hashOf('md5', Buffer.concat(bodies))
    const upload: ClientUpload = { id, name, etag, completed: 'not_tried', aborted: 'not_tried' }
    this.#uploads.push(upload)
    const sent = await this.#session.asked(
      proxy,
      () => sendParts(proxy, contextOf(`upload-${id}`), name, bodies),
      1 + PARTS,
    )
    if (sent === undefined) return
    const dice = random.below(6)
    // Some do both at once, through two proxies.
    const other = this.#session.aProxy() ?? proxy
    await Promise.all([
      dice === 1 ? undefined : this.#complete(id, upload, sent, proxy),
      dice <= 1 ? this.#abort(id, upload, sent, other) : undefined,
    ])
    cluster.events.add(`upload-${id} ends: completed ${upload.completed}, aborted ${upload.aborted}`)
  }

  /** Everything is healed. */
  async check(): Promise<void> {
    for (const { running, proxy } of this.#session.cluster.proxies) {
      if (running === undefined) continue
      for (const upload of this.#uploads) await checkUpload(upload, running, proxy)
    }
  }

  async #complete(id: number, upload: ClientUpload, sent: SentParts, proxy: RunningProxy): Promise<void> {
    upload.completed = 'perhaps'
    const outcome = await this.#session.asked(proxy, () =>
      proxy.uploads.complete<never>(contextOf(`upload-${id}`), {
        ...sent,
        name: upload.name,
        partBytesMin: 1,
        describe: () => ({ kind: 'described', metadata: {} }),
      }),
    )
    if (outcome?.kind === 'completed') upload.completed = 'done'
  }

  async #abort(
    id: number,
    upload: ClientUpload,
    { uploadId }: SentParts,
    proxy: RunningProxy,
  ): Promise<void> {
    upload.aborted = 'perhaps'
    const outcome = await this.#session.asked(proxy, () =>
      proxy.uploads.abort(contextOf(`upload-${id}`), { name: upload.name, uploadId }),
    )
    if (outcome?.kind === 'aborted') upload.aborted = 'done'
  }
}

async function checkUpload(
  { id, name, etag, completed, aborted }: ClientUpload,
  { features }: RunningProxy,
  proxy: number,
): Promise<void> {
  if (completed === 'done' && aborted === 'done')
    throw new Violation('two_endings', `${name.object} was completed and aborted`, [
      name.object,
      `upload-${id}`,
    ])
  const found = await etagAt(features, name)
  const mayBeThere = completed === 'done' || (completed === 'perhaps' && aborted !== 'done')
  if (mayBeThere ? found === etag : found === 'no_such_object') return
  if (completed === 'perhaps' && found === 'no_such_object') return
  throw new Violation(
    completed === 'done' ? 'lost_object' : 'unknown_object',
    `${name.object} is ${found} at proxy ${proxy}; completed ${completed}, aborted ${aborted}`,
    [name.object, `upload-${id}`],
  )
}
