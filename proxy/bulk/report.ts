/**
 * What a bulk request came to, item by item, and the three forms in which it is sent (OpenStack Swift,
 * `common/middleware/bulk.py`): the status of the answer is always 200, the real one stands in its body.
 */
import { reasonOf } from '#http/header-lines.ts'

/** What reports come in, the preferred one first. */
export const REPORT_TYPES = ['text/plain', 'application/json', 'application/xml', 'text/xml'] as const

export interface ItemFailure {
  /** Percent-encoded. */
  readonly name: string
  /** As on the wire: `404 Not Found`. */
  readonly status: string
}

/** A whole bulk request refused or broken off, with the text that its report gives as the reason. */
export interface BulkRefusal {
  readonly status: number
  readonly text: string
}

export function refusal(status: number, text = ''): BulkRefusal {
  return { status, text }
}

export function statusLine(status: number): string {
  return `${status} ${reasonOf(status)}`
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
  readonly #failures: ItemFailure[] = []
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
    if (type === 'application/json') return Buffer.from(this.#json())
    return Buffer.from(type?.endsWith('/xml') === true ? this.#xml() : this.#text())
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

  #sorted(): readonly (readonly [string, string | number])[] {
    return Object.entries(this.#members()).toSorted(([left], [right]) => (left < right ? -1 : 1))
  }

  #json(): string {
    const errors = this.#failures.map(({ name, status }) => [name, status])
    return JSON.stringify({ ...this.#members(), Errors: errors })
  }

  #text(): string {
    const members = this.#sorted().map(([name, value]) => `${name}: ${value}\n`)
    const errors = this.#failures.map(({ name, status }) => `${name}, ${status}\n`)
    return [...members, 'Errors:\n', ...errors].join('')
  }

  #xml(): string {
    const { root } = this.#shape
    const members = this.#sorted().map(([name, value]) => {
      const element = name.replaceAll(' ', '_').toLowerCase()
      return `<${element}>${escaped(String(value))}</${element}>\n`
    })
    const errors = this.#failures.map(
      ({ name, status }) =>
        `<object><name>${escaped(name)}</name><status>${escaped(status)}</status></object>\n`,
    )
    return `<${root}>\n${members.join('')}<errors>\n${errors.join('')}</errors>\n</${root}>\n`
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
