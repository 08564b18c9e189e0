/**
 * Answers the replicators of peers (`sync-wire.ts`) for all accounts or all containers of a device. Reads change nothing;
 * what is answered as being here is here durably.
 */
import { type HashPathSalt, hashName } from '#base/names.ts'
import type { DatabasePartition, Index } from './contract.ts'
import { startOfDayMs } from './days.ts'
import { afterHash, partitionOfHash, spanOf } from './hash-span.ts'
import type { DatabaseName, DatabaseState } from './info.ts'
import { comparisonDigest, isForgotten, mergeReplica, replicated } from './replica-merge.ts'
import type { RowForm } from './row-kind.ts'
import {
  BODY_BYTES_MAX,
  encodeKnown,
  encodeName,
  encodeRow,
  fieldsOf,
  isCount,
  type Known,
  LIST_MAX,
  PARTITIONS_MAX,
  parseName,
  parsePartition,
  parseReplicated,
  parseRows,
  SLICE_ROWS,
  type Standing,
  SYNC_KINDS,
  SYNC_METHOD,
  type SyncKind,
} from './sync-wire.ts'

export interface SyncServerParts<Row> {
  readonly index: Index<Row>
  readonly kind: RowForm<Row>
  readonly salt: HashPathSalt
  /** What the databases are of. */
  readonly level: 'account' | 'container'
  /** What this device is to a partition. */
  readonly standing: (partition: DatabasePartition) => Standing
  /** Told, and awaited, when deletions of before then are about to be forgotten where this hash lies, milliseconds. */
  readonly giveUp: (hash: string, beforeMs: number) => Promise<void>
}

/** The digest of deletions of all days. */
const EVERY_DAY = 0

const WRITING: ReadonlySet<SyncKind> = new Set(['tell', 'rows'])

/** The `SYNC` verb of a server, in the form in which `backend/serve-sync.ts` serves it. */
export function syncVerb<Row>(parts: SyncServerParts<Row>): {
  readonly method: string
  readonly bodyBytesMax: number
  readonly kinds: ReadonlyMap<string, 'reads' | 'writes'>
  readonly answer: (what: string, body: unknown) => Promise<unknown>
} {
  const server = new SyncServer(parts)
  return {
    method: SYNC_METHOD,
    bodyBytesMax: BODY_BYTES_MAX,
    kinds: new Map(SYNC_KINDS.map((kind) => [kind, WRITING.has(kind) ? 'writes' : 'reads'])),
    answer: (what, body) => server.answer(what as SyncKind, body),
  }
}

type Fields = ReturnType<typeof fieldsOf>

export class SyncServer<Row> {
  readonly #parts: SyncServerParts<Row>

  constructor(parts: SyncServerParts<Row>) {
    this.#parts = parts
  }

  /** The answer as JSON; `undefined` for a request that makes no sense. */
  async answer(what: SyncKind, body: unknown): Promise<unknown> {
    const fields = fieldsOf(body)
    switch (what) {
      case 'digests':
        return this.#digests(fields)
      case 'list':
        return this.#list(fields)
      case 'look':
        return this.#look(fields)
      case 'tell':
        return this.#tell(fields)
      case 'rows':
        return this.#rows(fields)
      case 'changes':
        return this.#changes(fields)
      case 'has':
        return this.#has(fields)
    }
  }

  async #digests(fields: Fields): Promise<unknown> {
    const { partitions, horizon } = fields
    if (!Array.isArray(partitions) || partitions.length > PARTITIONS_MAX || !isCount(horizon))
      return undefined
    const answers: unknown[] = []
    for (const number of partitions as readonly unknown[]) {
      const partition = parsePartition({ ...fields, partition: number })
      if (partition === undefined) return undefined
      const digest = await this.#parts.index.partitionDigest(partition, horizon)
      answers.push([digest.toString('hex'), ...standingFields(this.#parts.standing(partition))])
    }
    return answers
  }

  async #list(fields: Fields): Promise<unknown> {
    const { after, horizon } = fields
    const partition = parsePartition(fields)
    if (partition === undefined || !isCount(horizon)) return undefined
    const span = spanOf(partition)
    const first = typeof after === 'string' && HASH.test(after) ? afterHash(after) : span.first
    const page = first === undefined ? [] : await this.#parts.index.databases({ ...span, first }, LIST_MAX)
    const last = page.at(-1)
    const databases = page
      .filter(({ state }) => !isForgotten(state, horizon))
      .map(({ hash, state }) => [
        hash,
        comparisonDigest(state, horizon).toString('hex'),
        encodeName(state.info.name),
      ])
    return { databases, more: page.length === LIST_MAX, last: last?.hash ?? null }
  }

  async #look(fields: Fields): Promise<unknown> {
    const name = this.#nameIn(fields)
    const { store, horizon } = fields
    if (name === undefined || typeof store !== 'string' || !isCount(horizon)) return undefined
    await this.#noteGivenUp(name, fields)
    return encodeKnown(await this.#known(name, { store, horizon }))
  }

  async #tell(fields: Fields): Promise<unknown> {
    const { store, horizon } = fields
    const theirs = parseReplicated(fields['state'])
    if (theirs === undefined || typeof store !== 'string' || !isCount(horizon)) return undefined
    const { name } = theirs.info
    if (!this.#isOurs(name)) return undefined
    await this.#noteGivenUp(name, fields)
    const ignored = fields['ignore_before']
    await this.#parts.index.apply(name, [], mergeReplica(theirs, isCount(ignored) ? ignored : 0))
    return encodeKnown(await this.#known(name, { store, horizon }))
  }

  async #rows(fields: Fields): Promise<unknown> {
    const { index, kind } = this.#parts
    const { store, from, to, ignore_before: ignored } = fields
    const name = this.#nameIn(fields)
    const rows = parseRows(kind, fields['rows'])
    if (name === undefined || rows === undefined || rows.length > SLICE_ROWS) return undefined
    if (typeof store !== 'string' || !isCount(from) || !isCount(to)) return undefined
    await this.#noteGivenUp(name, fields)
    const merged = await index.apply(name, rows, (state) => ({
      result: state !== undefined,
      rows: state === undefined ? 'leave' : 'merge',
      ignoreDeletionsBefore: isCount(ignored) ? ignored : undefined,
    }))
    const have = merged ? await index.syncPoint(name, store) : 0
    // Only what joins on to what is here: a gap would be believed to be filled.
    if (!merged || from > have || to <= have) return { have }
    await index.setSyncPoint(name, store, to)
    return { have: to }
  }

  async #changes(fields: Fields): Promise<unknown> {
    const { index, kind } = this.#parts
    const { after } = fields
    const name = this.#nameIn(fields)
    if (name === undefined || !isCount(after)) return undefined
    const state = await index.state(name)
    const changes = await index.changesSince(name, after, SLICE_ROWS)
    const more = changes.length === SLICE_ROWS
    const last = changes.at(-1)?.sequence ?? after
    return {
      changes: changes.map(({ sequence, row }) => [sequence, ...encodeRow(kind, row)]),
      upTo: more ? last : Math.max(last, state?.info.sequence ?? 0),
      more,
    }
  }

  async #has(fields: Fields): Promise<unknown> {
    const { index } = this.#parts
    const { group, names } = fields
    const name = this.#nameIn(fields)
    if (name === undefined || !isCount(group) || !Array.isArray(names) || names.length > SLICE_ROWS)
      return undefined
    const wanted: readonly unknown[] = names
    if (!areTexts(wanted)) return undefined
    const rows = await index.named(name, group, wanted)
    return { found: wanted.filter((_, at) => rows[at] !== undefined) }
  }

  async #known(name: DatabaseName, about: About): Promise<Known> {
    const { index, standing, salt } = this.#parts
    // A range so small that it lies within every partition that any ring makes.
    const partition = partitionOfHash(hashName(name, salt), HASH_HEAD_BITS)
    const { role } = standing({ partPower: HASH_HEAD_BITS, partition })
    return { ...(await knownOf(index, name, about)), role }
  }

  /** Who asks is about to forget deletions of before that day; it counts on that this is known here. */
  async #noteGivenUp(name: DatabaseName, { ignore_before: day }: Fields): Promise<void> {
    const { giveUp, salt } = this.#parts
    if (isCount(day)) await giveUp(hashName(name, salt), startOfDayMs(day))
  }

  #nameIn(fields: Fields): DatabaseName | undefined {
    const name = parseName(fields['name'])
    return name !== undefined && this.#isOurs(name) ? name : undefined
  }

  #isOurs(name: DatabaseName): boolean {
    return (name.container === undefined) === (this.#parts.level === 'account')
  }
}

const HASH_HEAD_BITS = 32
const HASH = /^[0-9a-f]{32}$/

function standingFields({ voice, role, givenUpMs }: Standing): readonly unknown[] {
  return [voice, role, givenUpMs]
}

/** Who asks, and from which day on deletions are compared. */
export interface About {
  readonly store: string
  readonly horizon: number
}

/** What is known of a database here, all of one moment. `store` is the asker's. */
export async function knownOf<Row>(
  index: Index<Row>,
  name: DatabaseName,
  { store, horizon }: About,
): Promise<Omit<Known, 'role'>> {
  const own = await index.storeId()
  // Before the state: what is had by then is in the digests.
  const have = await index.syncPoint(name, store)
  const state: DatabaseState | undefined = await index.state(name)
  if (state === undefined) return { store: own, have, database: undefined }
  return {
    store: own,
    have,
    database: {
      state: replicated(state),
      sequence: state.info.sequence,
      digest: comparisonDigest(state, horizon).toString('hex'),
      wholeDigest: comparisonDigest(state, EVERY_DAY).toString('hex'),
    },
  }
}

/** Does a hash lie in the partition? */
export function holds({ partPower, partition }: DatabasePartition, hash: string): boolean {
  return partitionOfHash(hash, partPower) === partition
}

function areTexts(members: readonly unknown[]): members is readonly string[] {
  return members.every((member) => typeof member === 'string')
}
