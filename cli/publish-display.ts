/** Shows how a site is uploaded: a bar that moves on a terminal, a line for each file elsewhere. */
import { barText } from './pass-display.ts'
import type { Upload } from './publish-plan.ts'
import { amount, sizeText } from './readable.ts'
import { say } from './report.ts'

export class PublishDisplay {
  readonly #files: number
  readonly #bytes: number
  readonly #isTerminal = process.stdout.isTTY
  #doneFiles = 0
  #doneBytes = 0

  constructor(uploads: readonly Upload[]) {
    this.#files = uploads.length
    this.#bytes = uploads.reduce((sum, { facts }) => sum + facts.sizeBytes, 0)
  }

  uploaded({ file, facts }: Upload): void {
    this.#doneFiles += 1
    this.#doneBytes += facts.sizeBytes
    if (!this.#isTerminal) say(`uploaded  ${file.name}  (${facts.contentType}, ${sizeText(facts.sizeBytes)})`)
    else this.#draw(file.name)
  }

  deleted(name: string): void {
    if (!this.#isTerminal) say(`deleted   ${name}`)
  }

  /** The bar gives way to what is said next. */
  end(): void {
    if (this.#isTerminal && this.#files > 0) process.stdout.write('\r\u001b[2K')
  }

  #draw(name: string): void {
    const share = this.#bytes === 0 ? this.#doneFiles / this.#files : this.#doneBytes / this.#bytes
    const figures = `${amount(this.#doneFiles)} of ${amount(this.#files)} files, ${sizeText(this.#doneBytes)}`
    const line = `${barText(share)} ${figures}  ${name}`
    process.stdout.write(`\r\u001b[2K${line.slice(0, process.stdout.columns - 1)}`)
  }
}
