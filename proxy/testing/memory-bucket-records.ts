/** The register of bucket names in memory. */
import type { BucketRecord, BucketRecords } from '../s3/buckets/bucket-records.ts'

export class MemoryBucketRecords implements BucketRecords {
  readonly #records = new Map<string, BucketRecord>()

  async find(_context: unknown, name: string): Promise<BucketRecord | undefined> {
    return this.#records.get(name)
  }

  async claim(
    _context: unknown,
    name: string,
    record: BucketRecord,
  ): Promise<{ readonly kind: 'claimed' } | { readonly kind: 'taken'; readonly record: BucketRecord }> {
    const taken = this.#records.get(name)
    if (taken !== undefined) return { kind: 'taken', record: taken }
    this.#records.set(name, record)
    return { kind: 'claimed' }
  }

  async release(_context: unknown, name: string, account: string): Promise<{ readonly kind: 'released' }> {
    if (this.#records.get(name)?.account === account) this.#records.delete(name)
    return { kind: 'released' }
  }
}
