/**
 * Reads that go where symbolic links lead (OpenStack Swift, `common/middleware/symlink.py`: `_recursive_get_head`). Each
 * link of a chain is a read of its own, with the conditions of the client: those of a link itself mean nothing, because
 * what it is judged by is empty, so that a link is followed whatever its own storage servers made of them.
 */
import { unquoted } from '#http/conditionals.ts'
import type { ObjectOperations, ObjectReadOptions, ObjectReadOutcome } from '../contract.ts'
import type { LinkProblem, StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { LINK_TARGET, type LinkFacts, linkIn, targetOf } from './link-metadata.ts'

/** Longest chain of links (Swift `symloop_max`). */
export const LINKS_MAX = 2

export interface Walk {
  readonly inner: ObjectOperations
  readonly context: OperationContext
  readonly options: ObjectReadOptions
  /** A walk that checks a static link stops at the first dynamic one: its target may be another at any time. */
  readonly through: 'all_links' | 'static_links'
}

/** Where a walk has come. */
export interface Place {
  readonly name: ObjectName
  /** The ETag that the last static link asks for. */
  readonly wanted: string | undefined
  readonly linksPassed: number
  /** `undefined` where the client asked; nothing was followed. */
  readonly location: ObjectName | undefined
}

/** What is at the end of the links that begin here. */
export async function arrive(walk: Walk, place: Place): Promise<ObjectReadOutcome> {
  const outcome = await walk.inner.read(walk.context, place.name, walk.options)
  const headers = 'headers' in outcome ? outcome.headers : undefined
  const link = headers === undefined ? undefined : linkIn(headers)
  if (headers === undefined || link === undefined || !isPassed(walk, link)) return await atEnd(outcome, place)
  await letGo(outcome)
  const found = link.etag ?? unquoted(headers['etag'] ?? '')
  if (place.wanted !== undefined && place.wanted !== found) return broken({ kind: 'etags_disagree' }, place)
  if (place.linksPassed >= LINKS_MAX) return broken({ kind: 'too_many_links', limit: LINKS_MAX }, place)
  return await goOn(walk, place, link)
}

function isPassed({ through }: Walk, link: LinkFacts): boolean {
  return through === 'all_links' || link.etag !== undefined
}

async function goOn(walk: Walk, place: Place, link: LinkFacts): Promise<ObjectReadOutcome> {
  const target = targetOf(place.name, link)
  const refusal = link.madeBy === 'cluster' ? undefined : await refusalOf(walk.context, target)
  if (refusal !== undefined) return { ...refusal, trail: { location: target } }
  return await arrive(walk, {
    name: target,
    wanted: link.etag,
    linksPassed: place.linksPassed + (link.madeBy === 'cluster' ? 0 : 1),
    location: target,
  })
}

/** Why who asked may not read the target; `undefined` when they may. */
export async function refusalOf(
  context: OperationContext,
  target: ObjectName,
): Promise<StoreFailure | undefined> {
  if (isReserved(target)) return { kind: 'broken_link', problem: { kind: 'forbidden_target' } }
  const permission = await context.permits?.('read', target)
  return permission?.kind === 'denied' ? permission : undefined
}

function isReserved({ account, container, object }: ObjectName): boolean {
  return account.includes('\0') || container.includes('\0') || object.includes('\0')
}

async function atEnd(outcome: ObjectReadOutcome, place: Place): Promise<ObjectReadOutcome> {
  const { location, wanted } = place
  if (location === undefined) return outcome
  const etag = 'headers' in outcome ? outcome.headers['etag'] : undefined
  if (wanted !== undefined && etag !== undefined && unquoted(etag) !== wanted) {
    await letGo(outcome)
    return broken({ kind: 'other_etag', found: unquoted(etag), wanted }, place)
  }
  return { ...outcome, trail: { ...outcome.trail, location } }
}

function broken(problem: LinkProblem, { location }: Place): StoreFailure {
  return { kind: 'broken_link', problem, location: problem.kind === 'too_many_links' ? undefined : location }
}

/** A body that nobody will read. */
export async function letGo(outcome: ObjectReadOutcome): Promise<void> {
  if (outcome.kind !== 'found' || outcome.body === undefined || Buffer.isBuffer(outcome.body)) return
  await outcome.body.cancel()
}

/** The options of a read that may meet a link: one is given whole, so that a range is kept for its target. */
export function meetingLinks(options: ObjectReadOptions): ObjectReadOptions {
  if (options.conditions['range'] === undefined) return options
  const { wholeWith } = options
  return { ...options, wholeWith: wholeWith === undefined ? LINK_TARGET : `${wholeWith},${LINK_TARGET}` }
}
