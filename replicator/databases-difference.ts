/** Which databases of a partition are not the same here and on a peer, a page of each at a time. */
import type { DatabasePartition, HashSpan } from '#db/contract.ts'
import { eachDatabase } from '#db/each-database.ts'
import { afterHash, spanOf } from '#db/hash-span.ts'
import type { DatabaseName } from '#db/info.ts'
import { comparisonDigest, isForgotten } from '#db/replica-merge.ts'
import type { RingDevice } from '#ring/device.ts'
import type { SourcePass } from './databases-parts.ts'
import { isFailure } from './databases-peers.ts'

/** Those that differ and those that only one side has; ends with `unreachable` when the peer cannot be asked. */
export async function* differingDatabases<Row>(
  pass: SourcePass<Row>,
  partition: DatabasePartition,
  peer: RingDevice,
): AsyncGenerator<DatabaseName | 'unreachable', void, undefined> {
  const { peers, horizon, gait, options } = pass
  const span = spanOf(partition)
  let after: string | undefined
  for (;;) {
    await gait.before({ files: 1 }, options)
    const told = await peers.list(peer, partition, after, horizon)
    if (isFailure(told)) {
      yield 'unreachable'
      return
    }
    const first = after === undefined ? span.first : afterHash(after)
    const isLast = !told.more || told.last === undefined
    const end = isLast ? span.end : afterHash(told.last)
    const theirs = new Map(told.databases.map(([hash, digest, name]) => [hash, { digest, name }]))
    if (first !== undefined) {
      for await (const { hash, digest, name } of ours(pass, { first, end })) {
        const other = theirs.get(hash)
        theirs.delete(hash)
        if (other?.digest !== digest) yield name
      }
    }
    for (const { name } of theirs.values()) yield name
    if (isLast) return
    after = told.last
  }
}

interface OwnDatabase {
  readonly hash: string
  readonly digest: string
  readonly name: DatabaseName
}

async function* ours<Row>(
  { source, horizon, gait, options }: SourcePass<Row>,
  span: HashSpan,
): AsyncGenerator<OwnDatabase, void, undefined> {
  const rest = (): Promise<void> => gait.before({ files: 1 }, options)
  for await (const { hash, state } of eachDatabase(source.index, span, rest)) {
    if (isForgotten(state, horizon)) continue
    yield { hash, digest: comparisonDigest(state, horizon).toString('hex'), name: state.info.name }
  }
}
