/**
 * Follows the changes of a container's rows, for workers that carry them elsewhere. Each primary of the container first does
 * its own share of what is new. Later it goes over everything once more, to make up for what the others did not get done. Two
 * points are kept beside the rows: up to which the own share was done, and up to which everything was. A point moves on
 * only past what was done, so that a death of any kind costs repetition and no change.
 */
import { createHash } from 'node:crypto'
import type { Change, Index } from '#db/contract.ts'
import type { DatabaseName } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'

/** The place of a device among the synced primaries of a container. */
export interface Turn {
  readonly place: number
  readonly primaries: number
}

/** `own`: what is new of this device's share; `all`: what every primary makes up for. */
export type FollowPhase = 'own' | 'all'

/** Whose share a change is in. */
export type Share = 'own' | 'of_others'

export interface Following {
  readonly name: DatabaseName
  /** Under which the points are kept: another one begins anew. */
  readonly follower: string
  readonly turn: Turn
  /** Changes that are acted on at a time. */
  readonly lanes: number
  /** Acts on a change; `later`: it could not be done, and is to be seen again. Rejects when the pass is over. */
  readonly act: (row: ObjectRow, phase: FollowPhase, share: Share) => Promise<'done' | 'later'>
  /** Asked before each piece of work: whether to leave the rest to the next pass. */
  readonly isOver: (phase: FollowPhase) => boolean
}

type FollowedIndex = Pick<Index<ObjectRow>, 'changesSince' | 'syncPoint' | 'setSyncPoint'>

/** Changes read at a time. */
const PAGE = 100

/** Goes on with a container as far as it comes. */
export async function followChanges(index: FollowedIndex, following: Following): Promise<void> {
  const { name, follower } = following
  const ownPoint = await index.syncPoint(name, `own ${follower}`)
  await everything(index, following, ownPoint)
  await own(index, following, ownPoint)
}

/** All that was new at the end of an earlier pass, whoever should have done it. */
async function everything(index: FollowedIndex, following: Following, upTo: number): Promise<void> {
  const { name, follower } = following
  const point = `all ${follower}`
  let at = await index.syncPoint(name, point)
  let isStuck = false
  while (at < upTo) {
    const changes = await index.changesSince(name, at, PAGE)
    const due = changes.filter(({ sequence }) => sequence <= upTo)
    if (due.length === 0) return
    for (const piece of pieces(due, following.lanes)) {
      if (following.isOver('all')) return
      const { sequence, rest } = await done(following, piece, 'all')
      // The point stays before what could not be done; what comes after it need not wait.
      if (!isStuck && sequence !== undefined) await index.setSyncPoint(name, point, sequence)
      isStuck ||= rest === 'later'
      at = piece.at(-1)?.sequence ?? at
    }
  }
}

/** This device's share of what is new. What fails now is made up for by `everything`. */
async function own(index: FollowedIndex, following: Following, from: number): Promise<void> {
  const { name, follower, turn } = following
  let at = from
  for (;;) {
    const changes = await index.changesSince(name, at, PAGE)
    if (changes.length === 0) return
    const mine = changes.filter(({ row }) => isOwn(row, turn))
    for (const piece of pieces(mine, following.lanes)) {
      if (following.isOver('own')) return
      await done(following, piece, 'own')
    }
    at = changes.at(-1)?.sequence ?? at
    await index.setSyncPoint(name, `own ${follower}`, at)
  }
}

function pieces<Row>(changes: readonly Change<Row>[], lanes: number): readonly (readonly Change<Row>[])[] {
  const count = Math.ceil(changes.length / lanes)
  return Array.from({ length: count }, (_, at) => changes.slice(at * lanes, (at + 1) * lanes))
}

interface Done {
  /** Up to which all of it was done. */
  readonly sequence: number | undefined
  readonly rest: 'none' | 'later'
}

async function done(
  { act, turn }: Following,
  piece: readonly Change<ObjectRow>[],
  phase: FollowPhase,
): Promise<Done> {
  const outcomes = await Promise.all(
    piece.map(({ row }) => act(row, phase, isOwn(row, turn) ? 'own' : 'of_others')),
  )
  const late = outcomes.indexOf('later')
  if (late < 0) return { sequence: piece.at(-1)?.sequence, rest: 'none' }
  return { sequence: piece[late - 1]?.sequence, rest: 'later' }
}

/** Names are dealt out by their hash. */
function isOwn({ name }: ObjectRow, { place, primaries }: Turn): boolean {
  return createHash('md5').update(name).digest().readUInt32BE(0) % primaries === place
}
