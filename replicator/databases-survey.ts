/**
 * What the other holders of all partitions of this device have, in as few requests as can be: one to each peer, with the
 * digests of every partition that both hold. Where nothing has changed, that is all a pass does.
 */
import type { RingDevice } from '#ring/device.ts'
import type { HolderAnswer } from './databases-partition.ts'
import { formerHolders, peersOf, placeOf, type SourcePass } from './databases-parts.ts'
import { isFailure } from './databases-peers.ts'

/** The partitions that the ring gives to this device; worked out once per ring. */
export function ownPartitions({ ring, self }: SourcePass<unknown>['view']): readonly number[] {
  return self === undefined ? [] : [...ring.partitionsOf(self.id)]
}

/** The answers of the other holders of each partition. */
export async function survey<Row>(
  pass: SourcePass<Row>,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, readonly HolderAnswer[]>> {
  const byPeer = new Map<string, { readonly peer: RingDevice; readonly partitions: number[] }>()
  for (const partition of partitions) {
    for (const peer of holdersOf(pass, partition)) {
      const asked = byPeer.get(placeOf(peer)) ?? { peer, partitions: [] }
      asked.partitions.push(partition)
      byPeer.set(placeOf(peer), asked)
    }
  }
  const answers = new Map<number, HolderAnswer[]>(partitions.map((partition) => [partition, []]))
  for (const asked of byPeer.values()) await ask(pass, asked, answers)
  return answers
}

/** A replica that is new here has to learn from those, too, who held the partition before. */
function holdersOf<Row>({ source, view }: SourcePass<Row>, partition: number): readonly RingDevice[] {
  const primaries = peersOf(view, partition)
  const isSynced = source.ledger.voice({ partPower: view.ring.partPower, partition }) === 'synced'
  return isSynced ? primaries : [...primaries, ...formerHolders(view, partition)]
}

async function ask<Row>(
  { source, peers, view, horizon, gait, options, pass }: SourcePass<Row>,
  { peer, partitions }: { readonly peer: RingDevice; readonly partitions: readonly number[] },
  answers: ReadonlyMap<number, HolderAnswer[]>,
): Promise<void> {
  await gait.before({ files: 1 }, options)
  const { partPower } = view.ring
  const told = await peers.digests(peer, partPower, partitions, horizon)
  if (isFailure(told)) pass.count('waiting', 'peers_unreachable')
  for (const [at, partition] of partitions.entries()) {
    // What is not in memory yet is read.
    await gait.before({ files: 1 }, options)
    const answer = isFailure(told) ? undefined : told[at]
    const own =
      answer === undefined ? undefined : await source.index.partitionDigest({ partPower, partition }, horizon)
    const isEqual = answer !== undefined && own?.toString('hex') === answer.digest
    answers.get(partition)?.push({ peer, standing: answer, content: isEqual ? 'equal' : 'different' })
  }
}
