/** Records in memory: the same contract, one process, nothing survives it. */
import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { compareUtf8 } from '#base/names.ts'
import { timestampFromTicks } from '#base/timestamp.ts'

import {
  type FoundRecord,
  isRecordKey,
  type ListedRecord,
  type RecordCollection,
  type RecordKind,
  type RecordState,
  type Records,
} from './contract.ts'
import { decodeRecord, encodeRecord } from './record-form.ts'

interface Kept {
  readonly bytes: Buffer
  readonly state: RecordState
}

/** Records of one kind by key, and the keys that were changed, in order. */
interface Shelf {
  readonly records: Map<string, Kept>
  readonly log: string[]
}

/** The only replica there is. */
const HERE = 'here'

export class MemoryRecords implements Records {
  readonly #kinds = new Map<string, Shelf>()
  #ticks = 0

  of<Value>(kind: RecordKind<Value>): RecordCollection<Value> {
    const shelf = this.#kinds.get(kind.name) ?? { records: new Map<string, Kept>(), log: [] }
    this.#kinds.set(kind.name, shelf)
    return collectionOver(kind, shelf, () => {
      this.#ticks += 1
      const at = timestampFromTicks(this.#ticks)
      return { writtenAt: at, changedAt: at }
    })
  }
}

function collectionOver<Value>(
  kind: RecordKind<Value>,
  { records: kept, log }: Shelf,
  now: () => RecordState,
): RecordCollection<Value> {
  const write = (key: string, value: Value): FoundRecord<Value> => {
    assert(isRecordKey(key), 'a key of a record is 1 to 1024 bytes without NUL')
    const state = now()
    const one = { bytes: encodeRecord(kind, value), state }
    kept.set(key, one)
    log.push(key)
    return { kind: 'found', key, value, state, etag: listed(key, one).etag }
  }
  const isUnchanged = ({ key, state }: FoundRecord<Value>): boolean =>
    kept.get(key)?.state.writtenAt === state.writtenAt
  return {
    async read(_context, key) {
      const one = kept.get(key)
      if (one === undefined) return { kind: 'absent' }
      const decoded = decodeRecord(kind, one.bytes)
      if (decoded.kind !== 'value') return decoded
      return { kind: 'found', key, value: decoded.value, state: one.state }
    },
    async create(_context, key, value) {
      return kept.has(key) ? { kind: 'exists' } : write(key, value)
    },
    async replace(_context, read, value) {
      return isUnchanged(read) ? write(read.key, value) : { kind: 'changed' }
    },
    async remove(_context, read) {
      if (!isUnchanged(read)) return { kind: 'changed' }
      kept.delete(read.key)
      log.push(read.key)
      return { kind: 'removed' }
    },
    async list(_context, { prefix = '', marker, limit = 1000 } = {}) {
      const keys = [...kept.keys()]
        .filter((key) => key.startsWith(prefix) && (marker === undefined || compareUtf8(key, marker) > 0))
        .sort(compareUtf8)
      const page = keys.slice(0, limit)
      return {
        kind: 'listed',
        records: page.map((key) => listed(key, kept.get(key) as Kept)),
        next: page.length < limit ? undefined : page.at(-1),
      }
    },
    async changes(_context, since) {
      const mark = { positions: new Map([[HERE, String(log.length)]]) }
      if (since === undefined) return { kind: 'list', mark }
      const changed = new Set(log.slice(Number(since.positions.get(HERE))))
      const etagOf = (key: string): string | undefined => {
        const one = kept.get(key)
        return one && listed(key, one).etag
      }
      return { kind: 'changes', records: [...changed].map((key) => ({ key, etag: etagOf(key) })), mark }
    },
  }
}

function listed(key: string, { bytes }: Kept): ListedRecord {
  const etag = createHash('md5').update(bytes).digest('hex')
  return { key, etag, lastModified: '1970-01-01T00:00:00.000000' }
}
