/**
 * What a bulk request came to, item by item, in a report (OpenStack Swift,
 * `common/middleware/bulk.py`): the status of the answer is always 200, the real one stands in its body.
 */
import { type ItemError, renderReport, statusLine } from '../report-forms.ts'

/** A whole bulk request refused or broken off, with the text that its report gives as the reason. */
export interface BulkRefusal {
  readonly status: number
  readonly text: string
}

export function refusal(status: number, text = ''): BulkRefusal {
  return { status, text }
}

export interface BulkReportShape {
  /** Root element of the XML form. */
  readonly root: 'extract' | 'delete'
  /** What is counted, by the names Swift gives the counts, in the order of its JSON form. */
  readonly counts: readonly string[]
  /** Status of a request in which nothing failed. */
  readonly success: number
}

export class BulkReport {
  readonly #shape: BulkReportShape
  readonly #counts: Map<string, number>
  readonly #failures: ItemError[] = []
  #refusal: BulkRefusal | undefined
  /** What the request as a whole is answered with when an item failed. */
  #failedStatus = 400

  constructor(shape: BulkReportShape) {
    this.#shape = shape
    this.#counts = new Map(shape.counts.map((name) => [name, 0]))
  }

  get failureCount(): number {
    return this.#failures.length
  }

  count(name: string): void {
    this.#counts.set(name, this.countOf(name) + 1)
  }

  countOf(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** `name` is percent-encoded. A failure of ours makes the whole request a 502. */
  fail(name: string, status: number): void {
    if (status >= 500) this.#failedStatus = 502
    this.#failures.push({ name, status: statusLine(status) })
  }

  /** The first refusal stays. */
  refuse(whole: BulkRefusal): void {
    this.#refusal ??= whole
  }

  /** The report in a form of `REPORT_TYPES`; anything else is plain text. */
  render(type: string | undefined): Buffer {
    const { root } = this.#shape
    return renderReport({ root, members: this.#members(), errors: this.#failures }, type)
  }

  #status(): string {
    if (this.#refusal !== undefined) return statusLine(this.#refusal.status)
    return statusLine(this.#failures.length > 0 ? this.#failedStatus : this.#shape.success)
  }

  #members(): Readonly<Record<string, string | number>> {
    return {
      'Response Status': this.#status(),
      'Response Body': this.#refusal?.text ?? '',
      ...Object.fromEntries(this.#counts),
    }
  }
}
