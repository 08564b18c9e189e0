/**
 * DELETE in a container with an archive that works as a stack: the last copy comes back. Steps: the copy is written under
 * the object's name, on the condition that what is there has not changed, and names the copy it was made of; the copy
 * is deleted from the archive. Dying in between leaves a copy of what is there. Because the object names it, the next delete
 * knows that this one was brought back already, removes it and goes on with the one before: nothing comes back twice.
 *
 * A mark in the archive says that the object was deleted at that point of its history. With an object on top of it a
 * delete only brings that state back; without one the mark goes, and the copy below it comes back.
 */
import { isoForm } from '#base/timestamp.ts'
import type { ContainerOperations, ObjectDelete, ObjectDeleteOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ListedObject } from '../listing.ts'
import { seenIn } from '../object-state.ts'
import type { ObjectName } from '../operation.ts'
import { copyOf } from '../stored-copy.ts'
import {
  ARCHIVED_TRIES,
  type ArchivedWrite,
  archiveFailure,
  archivePrefix,
  deleteSeen,
  RESTORED_FROM,
  refusalOf,
  restoredFrom,
} from './archived-write.ts'
import { AS_STORED, type Current, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import { DELETE_MARKER_TYPE } from './version-names.ts'

/** Rows of the archive that are listed at a time: most of the time the first is the one. */
const PAGE = 50

export async function deleteAndRestore(
  write: ArchivedWrite,
  containers: ContainerOperations,
  options: ObjectDelete,
): Promise<ObjectDeleteOutcome> {
  for (let tries = 0; tries < ARCHIVED_TRIES; tries += 1) {
    const seen = await lookAt(write.deps, write.context, write.name)
    if (!isCurrent(seen)) return seen
    const refusal = await refusalOf(write, seen, options.condition)
    if (refusal !== undefined) return refusal
    const popped = await new Pop(write, containers, seen).run()
    // Without a condition it is the archive that refuses.
    if (popped.kind !== 'precondition_failed' || popped.condition === undefined) return popped
  }
  return OVERTAKEN
}

class Pop {
  readonly #write: ArchivedWrite
  readonly #containers: ContainerOperations
  readonly #seen: Current

  constructor(write: ArchivedWrite, containers: ContainerOperations, seen: Current) {
    this.#write = write
    this.#containers = containers
    this.#seen = seen
  }

  async run(): Promise<ObjectDeleteOutcome> {
    const copies = this.#newestFirst()
    for await (const copy of copies) {
      if ('failure' in copy) return copy.failure
      if (this.#isBackAlready(copy)) {
        const swept = await this.#remove(copy)
        if (swept.kind !== 'deleted' && swept.kind !== 'no_such_object') return swept
      } else if (isMark(copy)) {
        return this.#seen.kind === 'absent' ? await this.#restoreBelow(copy, copies) : await this.#delete()
      } else {
        const back = await this.#bringBack(copy)
        if (back === 'gone') continue
        return back ?? (await this.#remove(copy))
      }
    }
    return await this.#delete()
  }

  /** The object is not there: the copy below the mark comes back, if there is one, and the mark goes. */
  async #restoreBelow(mark: ListedObject, below: AsyncGenerator<Copy>): Promise<ObjectDeleteOutcome> {
    for await (const copy of below) {
      if ('failure' in copy) return copy.failure
      if (isMark(copy)) break
      const back = await this.#bringBack(copy)
      if (back === 'gone') continue
      if (back !== undefined) return back
      const removed = await this.#remove(copy)
      if (removed.kind !== 'deleted' && removed.kind !== 'no_such_object') return removed
      break
    }
    return await this.#remove(mark)
  }

  /** `undefined` when it is back. */
  async #bringBack(copy: ListedObject): Promise<StoreFailure | 'gone' | undefined> {
    const { deps, context, name } = this.#write
    const source = this.#nameOf(copy)
    const read = await deps.objects.read(context, source, { ...AS_STORED, method: 'GET' })
    if (read.kind === 'no_such_object') return 'gone'
    if (read.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
    if (read.kind !== 'found') return archiveFailure(read)
    const put = copyOf(read)
    const restored = await deps.objects.put(context, name, {
      ...put,
      metadata: { ...put.metadata, [RESTORED_FROM]: restoredFrom(source) },
      condition: unchanged(this.#seen),
    })
    return restored.kind === 'created' ? undefined : restored
  }

  /** A delete that died, or that goes on beside this one, has brought this copy back: it is what is there. */
  #isBackAlready(copy: ListedObject): boolean {
    if (this.#seen.kind === 'absent') return false
    const { headers } = this.#seen
    const isNamed = headers[RESTORED_FROM] === restoredFrom(this.#nameOf(copy))
    return isNamed && copy.lastModified < isoForm(seenIn(headers).writtenAt)
  }

  async #delete(): Promise<ObjectDeleteOutcome> {
    return await deleteSeen(this.#write, this.#seen, {})
  }

  async #remove(copy: ListedObject): Promise<ObjectDeleteOutcome> {
    return await this.#write.deps.objects.delete(this.#write.context, this.#nameOf(copy), {})
  }

  #nameOf(copy: ListedObject): ObjectName {
    return { account: this.#write.name.account, container: this.#write.archive, object: copy.name }
  }

  async *#newestFirst(): AsyncGenerator<Copy> {
    const { context, name, archive } = this.#write
    const prefix = archivePrefix(name.object)
    let marker: string | undefined
    for (;;) {
      const listing = { prefix, marker, limit: PAGE, reverse: true }
      const read = await this.#containers.read(
        context,
        { account: name.account, container: archive },
        { listing },
      )
      if (read.kind === 'no_such_container') return
      if (read.kind !== 'found') {
        yield { failure: archiveFailure(read) }
        return
      }
      const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
      yield* rows
      marker = rows.at(-1)?.name
      if (rows.length < PAGE || marker === undefined) return
    }
  }
}

type Copy = ListedObject | { readonly failure: StoreFailure }

function isMark({ contentType }: ListedObject): boolean {
  return contentType === DELETE_MARKER_TYPE
}
