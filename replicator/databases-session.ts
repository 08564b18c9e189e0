/**
 * Brings one account or container to the same state here and on one peer. Both sides merge, so a session may stop
 * anywhere, run twice, or run from both ends at once.
 *
 * Rows travel in slices after the sync point: the number up to which the receiver has all rows of the sender's store, kept
 * by the receiver beside the rows. The point moves only behind rows that are durably merged. Clients write to all replicas
 * at once, so most of what lies after the point is on both sides already, and what is missing was written lately: the
 * latest changes pass first, ever more of them until both hold the same. Should two replicas still differ when everything
 * after the points has passed, whatever the reason, they pass all rows.
 */
import type { Index } from '#db/contract.ts'
import type { DatabaseName } from '#db/info.ts'
import { mergeReplica } from '#db/replica-merge.ts'
import { knownOf } from '#db/sync-server.ts'
import { type Known, SLICE_ROWS } from '#db/sync-wire.ts'
import type { RingDevice } from '#ring/device.ts'
import { type DatabasePeers, isFailure, type PeerFailure } from './databases-peers.ts'

export interface SessionParts<Row> {
  readonly index: Index<Row>
  readonly peers: DatabasePeers<Row>
  readonly horizon: number
  /** Deletions of before this day are given up: nobody takes them who knows nothing of what was deleted. */
  readonly givenUpBefore?: number | undefined
  /** To be awaited before each slice. */
  readonly step: () => Promise<void>
  readonly count: (figure: 'rows_sent' | 'rows_received' | 'whole_databases', amount: number) => void
}

/** Who gets what the other has. */
export type Direction = 'both' | 'push' | 'pull'

export type SessionOutcome =
  /** The receiver has everything that the sender had; with `both`, both hold the same. */
  | { readonly kind: 'done' }
  /** Both changed meanwhile, or differ for no reason we know: again in the next pass. */
  | { readonly kind: 'different' }
  | PeerFailure

/** Changes that pass in a round, those after the points at most; then, whatever the points say, all rows. */
const ROUNDS = [1_000, 10_000, 100_000, Number.POSITIVE_INFINITY, 'all_rows'] as const
type Round = (typeof ROUNDS)[number]

export async function syncDatabase<Row>(
  parts: SessionParts<Row>,
  peer: RingDevice,
  name: DatabaseName,
  direction: Direction,
): Promise<SessionOutcome> {
  return await new Session(parts, peer, name, direction).run()
}

/**
 * Gives a peer all rows that it does not have, old deletions too. Resolves with the number up to which it has all of ours
 * then.
 */
export async function pushAll<Row>(
  parts: SessionParts<Row>,
  peer: RingDevice,
  name: DatabaseName,
): Promise<{ readonly kind: 'confirmed'; readonly upTo: number } | PeerFailure> {
  return await new Session(parts, peer, name, 'push').pushAll()
}

class Session<Row> {
  readonly #parts: SessionParts<Row>
  readonly #peer: RingDevice
  readonly #name: DatabaseName
  readonly #direction: Direction

  constructor(parts: SessionParts<Row>, peer: RingDevice, name: DatabaseName, direction: Direction) {
    this.#parts = parts
    this.#peer = peer
    this.#name = name
    this.#direction = direction
  }

  async run(): Promise<SessionOutcome> {
    let theirs = await this.#exchange()
    for (const round of ROUNDS) {
      if (isFailure(theirs)) return theirs
      if (await this.#isEven(theirs)) return { kind: 'done' }
      const moved = await this.#moveRows(theirs, round)
      if (isFailure(moved)) return moved
      if (moved.kind === 'skipped') continue
      theirs = await this.#exchange()
      // One direction alone need not make both equal: what there was has passed.
      if (this.#direction !== 'both' && moved.kind === 'all')
        return isFailure(theirs) ? theirs : { kind: 'done' }
    }
    if (isFailure(theirs)) return theirs
    return (await this.#isEven(theirs)) ? { kind: 'done' } : { kind: 'different' }
  }

  async pushAll(): Promise<{ readonly kind: 'confirmed'; readonly upTo: number } | PeerFailure> {
    const theirs = await this.#exchange()
    if (isFailure(theirs)) return theirs
    return await this.#push(theirs.have)
  }

  /** Tells what we know, where we give, and takes over what the peer knows, where we take. */
  async #exchange(): Promise<Known | PeerFailure> {
    const { index, peers, horizon } = this.#parts
    const about = { store: await index.storeId(), horizon }
    const ours = await knownOf(index, this.#name, { store: '', horizon })
    const theirs =
      this.#direction === 'pull' || ours.database === undefined
        ? await peers.look(this.#peer, this.#name, about)
        : await peers.tell(this.#peer, ours.database.state, {
            ...about,
            ignore_before: this.#parts.givenUpBefore,
          })
    if (isFailure(theirs) || theirs.database === undefined || this.#direction === 'push') return theirs
    await index.apply(this.#name, [], mergeReplica(theirs.database.state))
    return theirs
  }

  /** Equal to what the peer said a moment ago? Then each side may know that it has everything of the other. */
  async #isEven(theirs: Known): Promise<boolean> {
    const { index, horizon } = this.#parts
    const { database } = theirs
    const ours = (await knownOf(index, this.#name, { store: '', horizon })).database
    if (database === undefined || ours === undefined) return database === ours
    if (database.digest !== ours.digest) return false
    if (database.wholeDigest === ours.wholeDigest)
      await this.#confirm(theirs, database.sequence, ours.sequence)
    return true
  }

  async #confirm(theirs: Known, theirSequence: number, ourSequence: number): Promise<void> {
    const { index, peers } = this.#parts
    if ((await index.syncPoint(this.#name, theirs.store)) < theirSequence) {
      await index.setSyncPoint(this.#name, theirs.store, theirSequence)
    }
    if (this.#direction === 'pull' || theirs.have >= ourSequence) return
    const store = await index.storeId()
    await peers.rows(this.#peer, this.#name, { store, from: theirs.have, to: ourSequence, rows: [] })
  }

  /** `part`: what lies further back after the points did not pass. */
  async #moveRows(
    theirs: Known,
    round: Round,
  ): Promise<{ readonly kind: 'all' | 'part' | 'skipped' } | PeerFailure> {
    const { index, count } = this.#parts
    const known = await index.syncPoint(this.#name, theirs.store)
    const sequence = (await index.state(this.#name))?.info.sequence ?? 0
    const theirSequence = theirs.database?.sequence ?? 0
    const push = startOf(round, theirs.have, sequence)
    const pull = startOf(round, known, theirSequence)
    const isAll = push <= theirs.have && pull <= known
    // Where one side has nothing there is nothing to look for at the end.
    if (!isAll && (theirSequence === 0 || sequence === 0)) return { kind: 'skipped' }
    if (isAll && theirs.have === 0 && this.#direction !== 'pull') count('whole_databases', 1)
    if (this.#direction !== 'pull') {
      const pushed = await this.#push(push)
      if (isFailure(pushed)) return pushed
    }
    if (this.#direction !== 'push' && theirs.database !== undefined) {
      const failure = await this.#pull(theirs.store, pull)
      if (failure !== undefined) return failure
    }
    return { kind: isAll ? 'all' : 'part' }
  }

  async #push(have: number): Promise<{ readonly kind: 'confirmed'; readonly upTo: number } | PeerFailure> {
    const { index, peers, step, count } = this.#parts
    const store = await index.storeId()
    let from = have
    for (;;) {
      await step()
      // Before the changes: what is told then is everything up to it.
      const state = await index.state(this.#name)
      const changes = await index.changesSince(this.#name, from, SLICE_ROWS)
      const last = changes.at(-1)?.sequence ?? from
      const isLast = changes.length < SLICE_ROWS
      const to = isLast ? Math.max(last, state?.info.sequence ?? 0) : last
      if (to <= from && changes.length === 0) return { kind: 'confirmed', upTo: from }
      const rows = changes.map((change) => change.row)
      const told = await peers.rows(this.#peer, this.#name, {
        store,
        from,
        to,
        rows,
        ignore_before: this.#parts.givenUpBefore,
      })
      if (isFailure(told)) return told
      count('rows_sent', rows.length)
      if (isLast) return { kind: 'confirmed', upTo: told.have }
      from = to
    }
  }

  async #pull(store: string, have: number): Promise<PeerFailure | undefined> {
    const { index, peers, step, count } = this.#parts
    let after = have
    for (;;) {
      await step()
      const told = await peers.changes(this.#peer, this.#name, after)
      if (isFailure(told)) return told
      const rows = told.changes.map((change) => change.row)
      await index.apply(this.#name, rows, (state) => ({
        result: undefined,
        rows: state === undefined ? 'leave' : 'merge',
      }))
      count('rows_received', rows.length)
      const known = await index.syncPoint(this.#name, store)
      // Only what joins on to what is here: a gap would be believed to be filled.
      if (after <= known && told.upTo > known) await index.setSyncPoint(this.#name, store, told.upTo)
      if (!told.more) return undefined
      after = told.upTo
    }
  }
}

/** After which change a round begins. */
function startOf(round: Round, point: number, sequence: number): number {
  return round === 'all_rows' ? 0 : Math.max(point, sequence - round)
}
