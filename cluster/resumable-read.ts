/**
 * A read whose body outlives the replica it comes from: when the connection breaks or stalls in the middle, the rest is
 * fetched from another replica that has the very same version, from the byte reached. The reader does not notice. It ends when
 * all replicas have failed at the same byte.
 */
import type { BodyStream, Response } from '#http/message.ts'
import { discard, headerOf } from '#http/message.ts'
import { parseContentRange } from '#http/ranges.ts'
import { skipBytes, withBoundary } from './multipart-boundary.ts'
import type { NodeClient } from './node-client.ts'
import { askNode, type ReadOutcome, type ReplicaRead, readReplica } from './replica-read.ts'
import type { StorageNode } from './storage-node.ts'

/** Reads from the first good replica; a body that is not in memory yet is made resumable. */
export async function readResumably(client: NodeClient, read: ReplicaRead): Promise<ReadOutcome> {
  const outcome = await readReplica(client, read)
  return outcome.kind === 'found' ? resumable(client, read, outcome) : outcome
}

type Found = Extract<ReadOutcome, { readonly kind: 'found' }>

/** The same outcome, its body made resumable if it streams. */
export function resumable(client: NodeClient, read: ReplicaRead, found: Found): Found {
  const { node, response } = found
  const { body } = response
  if (body === undefined || Buffer.isBuffer(body)) return found
  if (response.status !== 200 && response.status !== 206) return found
  const { status, headers } = response
  return {
    kind: 'found',
    node,
    response: { status, headers, body: new ResumableBody(client, read, node, response, body) },
  }
}

/** Conditions were judged by the first answer; the rest of the body is wanted whatever they say. */
const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'range']

class ResumableBody implements BodyStream, AsyncIterator<Buffer> {
  readonly #client: NodeClient
  readonly #read: ReplicaRead
  readonly #first: Response
  /** Those that failed, or are being read. */
  readonly #used = new Set<StorageNode>()
  #node: StorageNode
  /** Since the replicas were gone through for the last time. */
  #hasAdvanced = false
  #body: BodyStream
  #iterator: AsyncIterator<Buffer>
  #sentBytes = 0
  #cancelled = false

  constructor(client: NodeClient, read: ReplicaRead, node: StorageNode, first: Response, body: BodyStream) {
    this.#client = client
    this.#read = read
    this.#first = first
    this.#used.add(node)
    this.#node = node
    this.#body = body
    this.#iterator = body[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      try {
        const result = await this.#iterator.next()
        if (result.done !== true && result.value.length > 0) {
          this.#sentBytes += result.value.length
          this.#hasAdvanced = true
        }
        return result
      } catch (error) {
        if (this.#cancelled || this.#read.signal?.aborted === true) throw error
        if (!(await this.#resume())) throw error
      }
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return { done: true, value: undefined }
  }

  async cancel(): Promise<void> {
    this.#cancelled = true
    await this.#body.cancel()
  }

  /** Goes on with another replica; false when none has the rest. */
  async #resume(): Promise<boolean> {
    await this.#body.cancel().catch(() => {})
    if (await this.#goOnWith(this.#others())) return true
    // All have failed, but not at this byte: a replica that stalled under load is as good as any by now.
    if (!this.#hasAdvanced) return false
    this.#hasAdvanced = false
    this.#used.clear()
    this.#used.add(this.#node)
    return await this.#goOnWith(this.#others())
  }

  async #goOnWith(nodes: readonly StorageNode[]): Promise<boolean> {
    for (const node of nodes) {
      this.#used.add(node)
      const body = await this.#restFrom(node)
      if (body === undefined) continue
      this.#node = node
      this.#body = body
      this.#iterator = body[Symbol.asyncIterator]()
      if (this.#cancelled) await body.cancel()
      return true
    }
    return false
  }

  #others(): readonly StorageNode[] {
    const { primaries, handoffs } = this.#read.placement
    return [...primaries, ...handoffs].filter((node) => !this.#used.has(node))
  }

  async #restFrom(node: StorageNode): Promise<BodyStream | undefined> {
    const rest = this.#restOfRange()
    const { headers } = this.#read
    const asked: Record<string, string | undefined> = { ...headers }
    for (const name of CONDITIONS) asked[name] = undefined
    asked['range'] = rest ?? headers['range']
    const response = await askNode(this.#client, { ...this.#read, method: 'GET', headers: asked }, node)
    if (response === undefined) return undefined
    const body = this.#isSameVersion(response) ? this.#aligned(response, rest) : undefined
    if (body === undefined) await discard(response)
    return body
  }

  /** The `Range` of what is still missing; `undefined` for several ranges, which are fetched anew and skipped into. */
  #restOfRange(): string | undefined {
    if (this.#first.status === 200) return `bytes=${this.#sentBytes}-`
    const partial = parseContentRange(headerOf(this.#first, 'content-range'))
    if (partial === undefined) return undefined
    return `bytes=${partial.range.start + this.#sentBytes}-${partial.range.end - 1}`
  }

  #isSameVersion(response: Response): boolean {
    const same = (name: string): boolean => headerOf(response, name) === headerOf(this.#first, name)
    return response.status === 206 && same('etag') && same('x-backend-data-timestamp')
  }

  /** The answer's body from the byte wanted; `undefined` when it is not what was asked for. */
  #aligned(response: Response, rest: string | undefined): BodyStream | undefined {
    const body = streamOf(response)
    if (rest !== undefined) {
      const partial = parseContentRange(headerOf(response, 'content-range'))
      const wanted = Number(rest.slice('bytes='.length, rest.indexOf('-')))
      return partial?.range.start === wanted ? body : undefined
    }
    const [had, has] = [boundaryOf(this.#first), boundaryOf(response)]
    const sameLength = headerOf(response, 'content-length') === headerOf(this.#first, 'content-length')
    if (had === undefined || has === undefined || !sameLength) return undefined
    return skipBytes(withBoundary(body, has, had), this.#sentBytes)
  }
}

function boundaryOf(response: Response): string | undefined {
  return /^multipart\/byteranges;\s*boundary="?([^";]+)"?/i.exec(
    headerOf(response, 'content-type') ?? '',
  )?.[1]
}

function streamOf(response: Response): BodyStream {
  const { body } = response
  if (body !== undefined && !Buffer.isBuffer(body)) return body
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      if (body !== undefined) yield body
    },
  }
}
