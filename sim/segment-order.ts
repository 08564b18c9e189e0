/**
 * In which order a large object is deleted with its segments, as it is seen on the wire: the manifest is the record of what is
 * to be done, so no server is asked to delete it before each of its segments was asked for.
 */
import type { Request } from '#http/message.ts'
import type { ObjectName } from '#store/operation.ts'
import { Violation } from './violation.ts'

/** A deletion that is under way. */
interface Deletion {
  readonly manifest: ObjectName
  /** Of whose deletion nobody has heard yet. */
  readonly left: Set<string>
}

export class SegmentOrder {
  readonly #deletions = new Map<string, Deletion>()
  #violation: Violation | undefined

  /** A client begins to delete, in this transaction. */
  begin(transaction: string, manifest: ObjectName, segments: readonly ObjectName[]): void {
    this.#deletions.set(transaction, { manifest, left: new Set(segments.map(({ object }) => object)) })
  }

  /** A request left its sender. */
  readonly sent = ({ method, path, headers }: Request): void => {
    if (method !== 'DELETE') return
    const transaction = headers['x-trans-id'] ?? ''
    const deletion = this.#deletions.get(transaction)
    const object = path.split('/').at(-1) ?? ''
    deletion?.left.delete(object)
    if (deletion === undefined || object !== deletion.manifest.object || deletion.left.size === 0) return
    const left = [...deletion.left].join(', ')
    this.#violation ??= new Violation('segments_orphaned', `${object} is deleted before ${left}`, [
      `${transaction} `,
      object,
    ])
  }

  /** Throws what was seen. */
  check(): void {
    if (this.#violation !== undefined) throw this.#violation
  }
}
