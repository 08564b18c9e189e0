/** What is all in one record, and changed as a whole: short lists whose items must go together. */
import type { OperationContext } from '#store/operation.ts'
import type { RecordCollection, RecordFailure, RecordKind, Records } from '#store/records/contract.ts'

/** The only key. */
const KEY = 'all'
/** Others who change it while we try. */
const TRIES = 20

export class OneRecord<Value> {
  readonly #records: RecordCollection<Value>
  readonly #empty: Value

  /** `empty` is what there is before anything was written. */
  constructor(records: Records, kind: RecordKind<Value>, empty: Value) {
    this.#records = records.of(kind)
    this.#empty = empty
  }

  async read(
    context: OperationContext,
  ): Promise<{ readonly kind: 'found'; readonly value: Value } | RecordFailure> {
    const read = await this.#records.read(context, KEY, 'remembered')
    return read.kind === 'absent' ? { kind: 'found', value: this.#empty } : read
  }

  /** `change` may be called several times; what it refuses with comes back, and nothing is changed. */
  async change<Refusal>(
    context: OperationContext,
    change: (there: Value) => { readonly next: Value } | { readonly refusal: Refusal },
  ): Promise<
    { readonly kind: 'changed' } | { readonly kind: 'refused'; readonly refusal: Refusal } | RecordFailure
  > {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const read = await this.#records.read(context, KEY, 'newest')
      if (read.kind !== 'found' && read.kind !== 'absent') return read
      const wanted = change(read.kind === 'found' ? read.value : this.#empty)
      if ('refusal' in wanted) return { kind: 'refused', refusal: wanted.refusal }
      const written =
        read.kind === 'found'
          ? await this.#records.replace(context, read, wanted.next)
          : await this.#records.create(context, KEY, wanted.next)
      if (written.kind === 'found') return { kind: 'changed' }
      if (written.kind !== 'changed' && written.kind !== 'exists') return written
    }
    return { kind: 'unavailable', reason: 'others change the same at this moment' }
  }
}
