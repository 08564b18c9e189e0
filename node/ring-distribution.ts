/**
 * What a process tells and takes of rings, below `/martlet/rings` (`inside-paths.ts` says on which port):
 *
 *     GET  /martlet/rings          which rings are in use here, as JSON: `RingsReport`; `martlet status` reads it
 *     GET  /martlet/rings/NAME     the file of the ring in use, with its seal
 *     PUT  /martlet/rings/NAME     a ring to be used from now on: 201 when it is in use and durable, 200 when it was
 *                                  already; 403 not sealed with the cluster secret, 404 no such ring here,
 *                                  409 older or of another kind, 413 too long, 422 broken, 507 cannot be written
 *
 * NAME is `account`, `container`, `object`, `object-1`… Every refusal is one sentence. Nothing of a refused ring stays.
 */
import { textAnswer } from '#backend/answers.ts'
import type { Disk } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { BodyError, type Handler, type Request, type Response, readWhole } from '#http/message.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { readRingFile } from '#ring/ring-store.ts'
import type { RingOffer, RingWatcher } from '#ring/ring-watcher.ts'
import { isSealedFile, RING_SEAL_HEADER, type RingSeal, readSeal, sealOf } from './ring-seal.ts'

export const RINGS_PATH = '/martlet/rings'
/** A ring of 2^24 partitions, three replicas and random device ids is about 90 MiB. */
export const RING_FILE_BYTES_MAX = 256 * 1024 * 1024

/** One ring as a process uses it. */
export interface RingReport {
  readonly name: string
  /** `null`: the ring was written by a Swift of before 2.24. */
  readonly version: number | null
  readonly partPower: number
  readonly nextPartPower: number | null
  /** SHA-256 of the file, hex. */
  readonly digest: string
  /** Since when this process uses it, wall clock, milliseconds. */
  readonly changedAtMs: number
  /** Version of the ring before, while something may still have to be fetched from its places; else `null`. */
  readonly previousVersion: number | null
  /** Has the device of this process everything that this ring gives it, and nothing left that it gives to others? */
  readonly settled: boolean
}

export interface RingsReport {
  readonly rings: readonly RingReport[]
}

export interface RingDistributionOptions {
  readonly rings: RingDirectory
  readonly disk: Disk
  readonly log: Logger
  /** `undefined`: the cluster has none, and rings are not passed on. */
  readonly secret: Buffer | undefined
  /** What the device of this process says of a ring in use; a process without a device is always settled. */
  readonly isSettled: (name: string) => boolean
}

/** Serves the paths above. */
export function ringDistribution(options: RingDistributionOptions): Handler {
  return async (request) => {
    const [, name] = request.path.slice(RINGS_PATH.length).split('/')
    if (name === undefined)
      return request.method === 'GET' ? report(request, options) : refuse(request, 405, '')
    const watcher = options.rings.get(name)
    if (watcher === undefined) return refuse(request, 404, `this node has no ring ${name}`)
    if (request.method === 'GET') return give(request, name, watcher, options)
    if (request.method === 'PUT') return take(request, name, watcher, options)
    return refuse(request, 405, 'A ring can be read with GET and replaced with PUT')
  }
}

async function refuse(request: Request, status: number, sentence: string): Promise<Response> {
  await request.body.cancel()
  return textAnswer(status, sentence)
}

/** Looks at the files first: whoever asks after a change wants to hear of it. */
async function report(request: Request, { rings, isSettled }: RingDistributionOptions): Promise<Response> {
  await request.body.cancel()
  const reports: RingReport[] = []
  for (const [name, watcher] of rings.all()) {
    await watcher.check()
    const { ring, digest, changedAtMs, previous } = watcher
    reports.push({
      name,
      version: ring.version ?? null,
      partPower: ring.partPower,
      nextPartPower: ring.nextPartPower ?? null,
      digest,
      changedAtMs,
      previousVersion: previous === undefined ? null : (previous.version ?? 0),
      settled: isSettled(name),
    })
  }
  const body = Buffer.from(JSON.stringify({ rings: reports } satisfies RingsReport))
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  }
}

async function give(
  request: Request,
  name: string,
  watcher: RingWatcher,
  { disk, secret }: RingDistributionOptions,
): Promise<Response> {
  await request.body.cancel()
  if (secret === undefined) return textAnswer(501, NO_SECRET)
  const file = await disk.readFile(watcher.path).catch(() => Buffer.alloc(0))
  const read = readRingFile(file)
  if (read.kind === 'broken' || read.digest !== watcher.digest)
    return textAnswer(503, `the file of ring ${name} is not the one in use`)
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(file.length),
    [RING_SEAL_HEADER]: sealOf(secret, name, file),
  }
  return { status: 200, headers, body: file }
}

const NO_SECRET = 'this cluster has no secret, so its nodes do not pass rings on'

async function take(
  request: Request,
  name: string,
  watcher: RingWatcher,
  { secret, log }: RingDistributionOptions,
): Promise<Response> {
  if (secret === undefined) return refuse(request, 501, NO_SECRET)
  // Before the ring: nobody takes in hundreds of megabytes from who cannot seal them.
  const seal = readSeal(secret, name, request.headers[RING_SEAL_HEADER])
  if (seal !== undefined && seal.sizeBytes > RING_FILE_BYTES_MAX)
    return refuse(request, 413, `the ring is refused: it has more than ${RING_FILE_BYTES_MAX} bytes`)
  const file = seal && (await sealedBody(request, seal))
  if (file === undefined) {
    log.warn(
      { ring: name, from: request.remoteAddress },
      'a ring without the seal of the cluster was refused',
    )
    return refuse(request, 403, 'the ring is refused: it is not sealed with the secret of this cluster')
  }
  try {
    return answerOf(await watcher.offer(file))
  } catch (error) {
    log.error({ ring: name, err: error }, 'a ring could not be written')
    const { code = String(error) } = error as { code?: string }
    return textAnswer(507, `the ring cannot be written (${code})`)
  }
}

/** `undefined` for another body than the one that was sealed. */
async function sealedBody(request: Request, seal: RingSeal): Promise<Buffer | undefined> {
  try {
    const file = await readWhole(request.body, seal.sizeBytes)
    return isSealedFile(seal, file) ? file : undefined
  } catch (error) {
    if (error instanceof BodyError && error.code === 'BODY_TOO_LARGE') return undefined
    throw error
  }
}

function answerOf(offer: RingOffer): Response {
  switch (offer.kind) {
    case 'adopted':
      return textAnswer(201, 'the ring is in use')
    case 'same':
      return textAnswer(200, 'the ring was in use already')
    case 'broken':
      return textAnswer(422, `the ring is refused: ${offer.reason}`)
    case 'refused':
      return textAnswer(409, `the ring is refused: ${offer.reason}`)
    default:
      return offer satisfies never
  }
}
