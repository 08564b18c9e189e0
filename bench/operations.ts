/**
 * What the load generator sends in each workload, one operation after the other, and how each answer is checked. An
 * operation is a value; nothing here touches a socket.
 */
import type { V4Credentials } from '#auth/testing/sign-v4.ts'
import { type Answer, headerOf, type Outgoing } from './connection.ts'
import { type Dialect, dialectOf } from './dialects.ts'
import { matches, nextRandom, type Payload, payloadOf } from './payload.ts'

export const WORKLOADS = [
  'put',
  'get',
  'head',
  'mixed',
  'overwrite',
  'listing',
  'delete',
  'large-put',
  'large-get',
] as const
export type WorkloadName = (typeof WORKLOADS)[number]

/** One in this many answers has its ETag compared, or its listing parsed. */
const SAMPLE_EVERY = 16
/** Share of writes in the mixed workload: one in five. */
const MIXED_WRITES_IN = 5

/** What one worker process does in one phase; sent to it as a message. */
export interface Plan {
  readonly kind: WorkloadName | 'fill'
  readonly host: string
  readonly port: number
  readonly token: string
  /** With them the S3 API is spoken instead of Swift's. */
  readonly credentials?: V4Credentials | undefined
  /** Path of the container, from `/v1` on. */
  readonly containerPath: string
  readonly connections: number
  /** Bytes of each object. */
  readonly objectBytes: number
  /** Objects numbered from 0, shared by all workers. */
  readonly objects: number
  /** Entries of a listing page. */
  readonly pageEntries: number
  /** This worker's number, and how many there are: worker w takes the objects w, w + count, w + 2 count… */
  readonly worker: number
  readonly workers: number
  /** `fill`: the numbers to write. `delete`: how many objects of this worker exist. */
  readonly only?: readonly number[]
  readonly existing?: number
  /** Part of the name of what `put` writes, so that every run writes new objects. */
  readonly run: string
  readonly seed: number
}

export interface Operation extends Outgoing {
  readonly expected: number
  /** Body bytes that count as moved. */
  readonly movedBytes: number
  /** Says what is wrong with an answer of the expected status. */
  readonly complaint: (answer: Answer) => string | undefined
}

export interface OperationSource {
  /** `undefined`: there is nothing left to do. */
  next(): Operation | undefined
}

/** The name of object number `index` of a container that was filled. */
export function objectName(index: number): string {
  return `o${String(index).padStart(9, '0')}`
}

/** The operations of a plan, for all connections of one worker. */
export function operationsOf(plan: Plan): OperationSource {
  const make = new OperationMaker(plan)
  let state = nextRandom((plan.seed + plan.worker * 7919) | 1)
  const random = (below: number): number => {
    state = nextRandom(state)
    return state % below
  }
  let counter = 0
  const inTurn = (): number => plan.worker + plan.workers * counter++
  const newName = (at: number): string => `p${plan.run}-${plan.worker}-${at}`
  const sources: Record<Plan['kind'], () => Operation | undefined> = {
    put: () => make.put(newName(counter), counter++),
    overwrite: () => make.putNumber(random(plan.objects)),
    get: () => make.get(random(plan.objects)),
    head: () => make.head(random(plan.objects)),
    mixed: () => (random(MIXED_WRITES_IN) === 0 ? make.putNumber : make.get)(random(plan.objects)),
    listing: () => make.page(random(plan.objects - plan.pageEntries)),
    delete: () => (counter < (plan.existing ?? 0) ? make.delete(newName(counter++)) : undefined),
    'large-put': () => make.putNumber(inTurn() % plan.objects),
    'large-get': () => make.get(inTurn() % plan.objects),
    fill: () => {
      const number = plan.only?.[counter++]
      return number === undefined ? undefined : make.putNumber(number)
    },
  }
  return { next: sources[plan.kind] }
}

class OperationMaker {
  readonly #plan: Plan
  readonly #dialect: Dialect
  #made = 0

  constructor(plan: Plan) {
    this.#plan = plan
    this.#dialect = dialectOf(plan)
  }

  readonly putNumber = (index: number): Operation => this.put(objectName(index), index)

  put(name: string, index: number): Operation {
    const payload = payloadOf(index, this.#plan.objectBytes)
    const sampled = this.#sampled()
    return {
      method: 'PUT',
      head: this.#dialect.head('PUT', `/${name}`, payload),
      body: payload.sizeBytes === 0 ? undefined : payload.block,
      times: payload.times,
      expected: this.#dialect.stored,
      movedBytes: payload.sizeBytes,
      complaint: (answer) => (sampled ? etagComplaint(answer, payload) : undefined),
    }
  }

  readonly get = (index: number): Operation => {
    const payload = payloadOf(index, this.#plan.objectBytes)
    const sampled = this.#sampled()
    let same = true
    return {
      ...this.#plain('GET', `/${objectName(index)}`, 200),
      movedBytes: payload.sizeBytes,
      sink: (piece, position) => {
        same &&= matches(payload, piece, position)
      },
      complaint: (answer) => {
        if (!same || answer.bodyBytes !== payload.sizeBytes) return `body of ${objectName(index)} differs`
        return sampled ? etagComplaint(answer, payload) : undefined
      },
    }
  }

  head(index: number): Operation {
    const payload = payloadOf(index, this.#plan.objectBytes)
    const sampled = this.#sampled()
    return {
      ...this.#plain('HEAD', `/${objectName(index)}`, 200),
      complaint: (answer) => (sampled ? etagComplaint(answer, payload) : undefined),
    }
  }

  delete(name: string): Operation {
    return this.#plain('DELETE', `/${name}`, 204)
  }

  /** The page that begins right after object number `after`. */
  page(after: number): Operation {
    const pieces: Buffer[] = []
    const sampled = this.#sampled()
    const entries = this.#plan.pageEntries
    return {
      ...this.#plain('GET', this.#dialect.page(objectName(after), entries), 200),
      sink: sampled ? (piece) => void pieces.push(Buffer.from(piece)) : undefined,
      complaint: () =>
        sampled ? pageComplaint(this.#dialect.names(Buffer.concat(pieces)), after, entries) : undefined,
    }
  }

  #plain(method: string, resource: string, expected: number): Operation {
    return {
      method,
      head: this.#dialect.head(method, resource),
      expected,
      movedBytes: 0,
      complaint: () => undefined,
    }
  }

  #sampled(): boolean {
    this.#made += 1
    return this.#made % SAMPLE_EVERY === 0
  }
}

function etagComplaint(answer: Answer, payload: Payload): string | undefined {
  const etag = headerOf(answer.head, 'etag')
  return etag?.replaceAll('"', '') === payload.md5 ? undefined : `ETag ${etag} is not the MD5 ${payload.md5}`
}

function pageComplaint(names: readonly string[], after: number, entries: number): string | undefined {
  if (names.length !== entries) return `a page of ${names.length} entries instead of ${entries}`
  const [first, last] = [objectName(after + 1), objectName(after + entries)]
  if (names[0] === first && names.at(-1) === last) return undefined
  return `a page from ${names[0]} to ${names.at(-1)} instead of ${first} to ${last}`
}
