/**
 * `PUT …?extract-archive=`: every regular file of an archive becomes an object below the path of the request, as the
 * archive arrives (OpenStack Swift, `common/middleware/bulk.py`: `handle_extract_iter`). Containers that are not there are
 * made. Names are names and no paths: `..` leads nowhere.
 */
import { isUtf8 } from 'node:buffer'
import { isHeaderName } from '#http/header-lines.ts'
import { discard, type HeaderMap } from '#http/message.ts'
import type { ProxyHandler, Transaction } from '../transaction.ts'
import { ArchiveError } from './archive-error.ts'
import { hasLength } from './bulk-delete.ts'
import { type Compression, decompressed } from './decompress.ts'
import { MAX_PATH_BYTES } from './delete-list.ts'
import { itemOf, quoteBytes, quotePath } from './item-request.ts'
import { type BulkRefusal, BulkReport, refusal } from './report.ts'
import { type ArchiveFile, filesIn } from './tar-reader.ts'

export interface ExtractLimits {
  /** Containers made by one request. */
  readonly containersMax: number
  readonly failuresMax: number
  /** Largest object, bytes. */
  readonly maxFileSizeBytes: number
}

export interface ExtractSetting {
  readonly inner: ProxyHandler
  readonly limits: ExtractLimits
  readonly compression: Compression
  readonly signal: AbortSignal
  /** Lets others work, in the middle of much computation. */
  readonly breathe: () => Promise<void>
}

const CREATED = 'Number Files Created'

export function extractReport(): BulkReport {
  return new BulkReport({ root: 'extract', counts: [CREATED], success: 201 })
}

/** Fills the report. Rejects with a `BodyError` when the archive does not arrive whole. */
export async function extractArchive(
  bulk: Transaction,
  report: BulkReport,
  setting: ExtractSetting,
): Promise<void> {
  const [, version = '', account = '', ...base] = bulk.path.split('/')
  if (version === '' || account === '') return report.refuse(refusal(404))
  if (!hasLength(bulk.request.headers)) return report.refuse(refusal(411))
  const extracting = new Extracting(bulk, report, setting, { version, account, base: base.join('/') })
  try {
    await extracting.run()
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    report.refuse(refusal(400, `Invalid Tar File: ${error.message}`))
  }
}

interface Target {
  readonly version: string
  readonly account: string
  /** What stands before every name: a container, or one and a pseudo-directory; may be empty. */
  readonly base: string
}

class Extracting {
  readonly #bulk: Transaction
  readonly #report: BulkReport
  readonly #setting: ExtractSetting
  readonly #account: string
  readonly #base: Buffer
  readonly #common: HeaderMap
  /** Containers that were looked for, and what was wrong with those that could not be made. */
  readonly #containers = new Map<string, number | undefined>()
  #containersMade = 0

  constructor(bulk: Transaction, report: BulkReport, setting: ExtractSetting, target: Target) {
    this.#bulk = bulk
    this.#report = report
    this.#setting = setting
    this.#account = `/${target.version}/${target.account}`
    this.#base = Buffer.from(target.base.replace(/\/+$/, ''))
    this.#common = headersForAll(bulk.request.headers)
  }

  async run(): Promise<void> {
    const { compression, breathe, signal, limits } = this.#setting
    for await (const file of filesIn(decompressed(this.#bulk.request.body, compression, breathe))) {
      if (signal.aborted) return
      const refused = await this.#take(file)
      if (refused !== undefined) return this.#report.refuse(refused)
      if (this.#report.failureCount >= limits.failuresMax) return
    }
    const nothing = this.#report.countOf(CREATED) + this.#report.failureCount === 0
    if (nothing) this.#report.refuse(refusal(400, 'Invalid Tar File: No Valid Files'))
  }

  /** Stores one file. A refusal ends the whole request. */
  async #take(file: ArchiveFile): Promise<BulkRefusal | undefined> {
    const name = this.#nameOf(file.name)
    // Outside of any container.
    if (!name.includes('/')) return undefined
    const problem = this.#problemOf(name, file)
    if (problem !== undefined) return this.#fail(name, problem)
    const container = name.toString('utf8', 0, name.indexOf('/'))
    const refused = await this.#ensureContainer(container)
    if (refused !== undefined) return refused
    const notMade = this.#containers.get(container)
    this.#containers.set(container, undefined)
    const status = await this.#put(name.toString(), file)
    if (status >= 200 && status < 300) return this.#succeed()
    if (notMade !== undefined) this.#failNamed(`${this.#account}/${container}`, notMade)
    return this.#fail(name, status)
  }

  #nameOf(name: Buffer): Buffer {
    const written = name.toString('latin1').replace(/^\.\//, '').replace(/^\/+/, '')
    const own = Buffer.from(written, 'latin1')
    return this.#base.length === 0 ? own : Buffer.concat([this.#base, Buffer.from('/'), own])
  }

  #problemOf(name: Buffer, { sizeBytes, records }: ArchiveFile): number | undefined {
    if (!isUtf8(name) || name.includes(0)) return 412
    if (sizeBytes > this.#setting.limits.maxFileSizeBytes) return 413
    // A file with holes is kept as a map of them and what lies between.
    if (records.has('GNU.sparse.major') || records.has('GNU.sparse.map')) return 400
    return undefined
  }

  #succeed(): undefined {
    this.#report.count(CREATED)
    return undefined
  }

  #fail(name: Buffer, status: number): BulkRefusal | undefined {
    this.#report.fail(quoteBytes(name.subarray(0, MAX_PATH_BYTES)), status)
    return status === 401 ? refusal(401) : undefined
  }

  #failNamed(path: string, status: number): void {
    this.#report.fail(quotePath(path).slice(0, 3 * MAX_PATH_BYTES), status)
  }

  /** Makes the container unless it is there. Who may not may still be allowed to write objects into it. */
  async #ensureContainer(container: string): Promise<BulkRefusal | undefined> {
    if (this.#containers.has(container)) return undefined
    this.#containers.set(container, undefined)
    const found = await this.#send('HEAD', container)
    if (found >= 200 && found < 300) return undefined
    const made = found === 404 ? await this.#send('PUT', container) : found
    if (made < 200 || made >= 300) {
      this.#containers.set(container, made)
      return made === 401 ? refusal(401) : undefined
    }
    this.#containersMade += 1
    const { containersMax } = this.#setting.limits
    if (this.#containersMade <= containersMax) return undefined
    return refusal(400, `More than ${containersMax} containers to create from tar.`)
  }

  async #send(method: string, container: string): Promise<number> {
    const item = itemOf(this.#bulk, { method, path: `${this.#account}/${container}` })
    return await statusOf(this.#setting.inner, item)
  }

  async #put(name: string, { sizeBytes, records, body }: ArchiveFile): Promise<number> {
    const own = headersOfFile(records)
    if (own === undefined) return 400
    const headers = { ...this.#common, ...own, 'content-length': String(sizeBytes) }
    const path = `${this.#account}/${name}`
    return await statusOf(this.#setting.inner, itemOf(this.#bulk, { method: 'PUT', path, headers, body }))
  }
}

async function statusOf(inner: ProxyHandler, item: Transaction): Promise<number> {
  const response = await inner(item)
  await discard(response)
  return response.status
}

const METADATA = 'x-object-meta-'
const EXPIRY_HEADERS: readonly string[] = ['x-delete-at', 'x-delete-after']

/** What of the request's own headers is meant for every file. */
function headersForAll(headers: HeaderMap): HeaderMap {
  const isForAll = (name: string): boolean => name.startsWith(METADATA) || EXPIRY_HEADERS.includes(name)
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isForAll(name)))
}

/** GNU tar and BSD tar each have their word for a file's extended attributes. */
const ATTRIBUTE = /^(?:SCHILY|LIBARCHIVE)\.xattr\.user\.(mime_type|meta\.(.+))$/s
// oxlint-disable-next-line no-control-regex -- exactly the control characters cannot be sent
const UNSENDABLE = /[\x00-\x08\x0a-\x1f\x7f]/

/** Metadata in a file's extended attributes, or `undefined` when it is none that a header can carry. */
function headersOfFile(records: ReadonlyMap<string, string>): HeaderMap | undefined {
  const headers: Record<string, string> = {}
  for (const [key, value] of records) {
    const match = ATTRIBUTE.exec(key)
    if (match === null) continue
    const name = match[2] === undefined ? 'content-type' : `${METADATA}${match[2].toLowerCase()}`
    if (!isHeaderName(name) || UNSENDABLE.test(value)) return undefined
    headers[name] = Buffer.from(value).toString('latin1')
  }
  return headers
}
