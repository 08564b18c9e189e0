/** The namespaces of an installation: found, made, changed one at a time, removed; and who may do which. */
import type { OperationContext } from '#store/operation.ts'
import { allRecords } from '#store/records/all-records.ts'
import type { RecordCollection, Records } from '#store/records/contract.ts'
import { changeRecord } from '#store/records/record-change.ts'
import type { Caller } from '../caller.ts'
import { notPermitted } from '../policy.ts'
import { recordRefusal } from '../records/image-records.ts'
import { conflict, forbidden, notFound, Refusal } from '../refusal.ts'
import { NAMESPACES, type NamespaceRecord } from './namespace-record.ts'

export class Namespaces {
  readonly #records: RecordCollection<NamespaceRecord>

  constructor(records: Records) {
    this.#records = records.of(NAMESPACES)
  }

  /** Those that the caller may see, in the order in which they were made. */
  async visible(context: OperationContext, caller: Caller): Promise<readonly NamespaceRecord[] | Refusal> {
    const all = await allRecords(this.#records, context)
    if ('kind' in all) return recordRefusal(all)
    const seen = all.map(({ value }) => value).filter((record) => maySee(caller, record))
    return seen.toSorted((left, right) => right.createdAt - left.createdAt)
  }

  /** 404 for one that is not there, or not for the caller. */
  async find(context: OperationContext, caller: Caller, name: string): Promise<NamespaceRecord | Refusal> {
    if (!isKey(name)) return missing(name)
    const read = await this.#records.read(context, keyOf(name), 'newest')
    if (read.kind === 'absent') return missing(name)
    if (read.kind !== 'found') return recordRefusal(read)
    return maySee(caller, read.value) ? read.value : missing(name)
  }

  async create(
    context: OperationContext,
    caller: Caller,
    record: NamespaceRecord,
  ): Promise<NamespaceRecord | Refusal> {
    if (!caller.isAdmin) return notPermitted('add_metadef_namespace')
    const made = await this.#records.create(context, keyOf(record.namespace), record)
    if (made.kind === 'exists')
      return conflict(`The metadata definition namespace=${record.namespace} already exists.`)
    return made.kind === 'found' ? record : recordRefusal(made)
  }

  /** Changes the namespace as it is now. 404 when it is not there. */
  async change(
    context: OperationContext,
    caller: Caller,
    name: string,
    change: (record: NamespaceRecord) => NamespaceRecord | Refusal,
  ): Promise<NamespaceRecord | Refusal> {
    const seen = await this.find(context, caller, name)
    if (seen instanceof Refusal) return seen
    if (!caller.isAdmin) return notPermitted('modify_metadef_namespace')
    const changed = await changeRecord<NamespaceRecord, Refusal>(
      this.#records,
      context,
      keyOf(name),
      (there) => {
        const value = there === undefined ? missing(name) : change(there)
        return value instanceof Refusal ? { kind: 'refused', refusal: value } : { kind: 'value', value }
      },
    )
    if (changed.kind === 'refused') return changed.refusal
    return changed.kind === 'found' ? changed.value : recordRefusal(changed)
  }

  async remove(context: OperationContext, caller: Caller, name: string): Promise<Refusal | undefined> {
    const seen = await this.find(context, caller, name)
    if (seen instanceof Refusal) return seen
    if (!caller.isAdmin) return notPermitted('delete_metadef_namespace')
    if (seen.isProtected)
      return forbidden(`Metadata definition namespace ${name} is protected and cannot be deleted.`)
    const read = await this.#records.read(context, keyOf(name), 'newest')
    if (read.kind !== 'found') return read.kind === 'absent' ? missing(name) : recordRefusal(read)
    const removed = await this.#records.remove(context, read)
    if (removed.kind === 'removed') return undefined
    return removed.kind === 'changed'
      ? conflict(`Namespace ${name} is being changed by somebody else.`)
      : recordRefusal(removed)
  }
}

/** Names are free text; as keys of records they are encoded. */
function keyOf(name: string): string {
  return encodeURIComponent(name)
}

function isKey(name: string): boolean {
  return name !== '' && name.length <= 80
}

function maySee(caller: Caller, { visibility, owner }: NamespaceRecord): boolean {
  return caller.isAdmin || visibility === 'public' || owner === caller.projectId
}

function missing(name: string): Refusal {
  return notFound(`Metadata definition namespace=${name} was not found.`)
}
