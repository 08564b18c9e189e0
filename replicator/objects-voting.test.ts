/** The rules of who may vote, case by case. */
import fc from 'fast-check'
import t from 'tap'
import { REPLICA_VOICES, type ReplicaVoice } from '#backend/sync-ledger.ts'
import { type HolderReached, isWitness, judge, majorityOf, takesFromStale } from './objects-voting.ts'

function holder(voice: ReplicaVoice, more: Partial<HolderReached> = {}): HolderReached {
  return { voice, extent: 'everything', standing: 'in_ring', place: 'primary', ...more }
}

const SYNCED = holder('synced')
const JOINING = holder('joining')
const STALE = holder('stale')
const SILENT = holder('joining', { extent: 'not_everything' })
const REMOVED = holder('joining', { extent: 'not_everything', standing: 'removed' })
const VOTES = { kind: 'synced', setAside: 'nothing' }
const NOT_YET = { kind: 'not_yet' }

t.test('an empty replica needs a majority of synced holders', async (t) => {
  t.same(judge('joining', [SYNCED, SYNCED], 3), VOTES)
  t.same(judge('joining', [SYNCED, SILENT], 3), NOT_YET)
  t.same(judge('joining', [SYNCED, JOINING], 3), VOTES, 'everybody was asked')
  t.same(judge('joining', [SYNCED, SYNCED, SILENT], 4), NOT_YET)
  t.same(judge('joining', [SYNCED, SYNCED, SYNCED, SILENT], 5), VOTES)
})

t.test('those whom the operator took out of the ring are not waited for', async (t) => {
  t.same(judge('joining', [SYNCED, REMOVED, JOINING], 3), VOTES)
  t.same(judge('joining', [], 1), VOTES)
  t.same(judge('joining', [SILENT], 2), NOT_YET)
})

t.test(
  'replicas of a policy that nobody had before vote as soon as they have all heard each other',
  async (t) => {
    t.same(judge('joining', [JOINING, JOINING], 3), VOTES)
    t.same(judge('joining', [JOINING, SILENT], 3), NOT_YET)
  },
)

t.test('a replica that was away sets aside what a synced one has no more', async (t) => {
  t.same(judge('stale', [SYNCED, SYNCED], 3), { kind: 'synced', setAside: 'before_majority' })
  t.same(judge('stale', [SYNCED, SILENT], 3), { kind: 'synced', setAside: 'before_everybody' })
  t.same(judge('stale', [SYNCED], 2), { kind: 'synced', setAside: 'before_everybody' })
})

t.test('who does not know yet that it is no primary is waited for', async (t) => {
  const unaware = holder('synced', { place: 'former', isUnaware: true })
  t.same(judge('joining', [SYNCED, SYNCED, unaware], 3), NOT_YET)
  t.same(judge('joining', [SYNCED, SYNCED, holder('synced', { place: 'former' })], 3), VOTES)
})

t.test('what a former holder has no more it may have given away', async (t) => {
  const former = holder('synced', { place: 'former' })
  const howOf = (...others: readonly HolderReached[]): unknown => judge('stale', others, 3)
  t.same(howOf(JOINING, STALE, former), { kind: 'synced', setAside: 'before_given_up' })
  t.same(howOf(STALE, former, former), { kind: 'synced', setAside: 'before_given_up' })
  t.same(howOf(JOINING, SYNCED, former), { kind: 'synced', setAside: 'before_majority' })
  t.ok(isWitness('stale', 'before_given_up'), 'what another has kept was not deleted')
  t.notOk(isWitness('joining', 'before_given_up'))
  t.notOk(isWitness('stale', 'before_everybody'))
})

t.test('when all were away, a majority that kept its data keeps everything', async (t) => {
  t.same(judge('stale', [STALE, SILENT], 3), VOTES)
  t.same(judge('stale', [SILENT, SILENT], 3), NOT_YET)
  t.same(judge('joining', [STALE, SILENT], 3), NOT_YET)
  t.ok(takesFromStale('stale', [STALE, SILENT]))
  t.notOk(takesFromStale('stale', [STALE, SYNCED]))
  t.notOk(takesFromStale('synced', [STALE, STALE]))
})

t.test('who never held everything kept nothing, however long it was away', async (t) => {
  const never = holder('stale_joining')
  t.same(judge('stale_joining', [STALE, SILENT], 3), NOT_YET)
  t.same(judge('stale', [never, SILENT], 3), NOT_YET)
  t.same(judge('stale_joining', [SYNCED, SYNCED], 3), { kind: 'synced', setAside: 'before_majority' })
  t.same(judge('stale_joining', [never, never], 3), VOTES, 'nobody else can be asked')
  t.ok(takesFromStale('stale_joining', [never, SILENT]))
})

t.test('a majority that kept its data asks those who held it meanwhile', async (t) => {
  const away = { ...SILENT, place: 'former' } as const
  t.same(judge('stale', [STALE, SILENT, away], 3), NOT_YET)
  t.same(judge('stale', [STALE, SILENT, { ...away, standing: 'removed' }], 3), VOTES)
  t.same(judge('stale', [STALE, SILENT, holder('joining', { place: 'former' })], 3), VOTES)
})

t.test('whoever may vote has heard a majority, or everybody', async () => {
  const anyHolder = fc.record({
    voice: fc.constantFrom(...REPLICA_VOICES),
    extent: fc.constantFrom<HolderReached['extent']>('everything', 'not_everything'),
    standing: fc.constantFrom<HolderReached['standing']>('in_ring', 'removed'),
    place: fc.constantFrom<HolderReached['place']>('primary', 'former'),
  })
  fc.assert(
    fc.property(fc.constantFrom(...REPLICA_VOICES), fc.array(anyHolder, { maxLength: 5 }), (own, others) => {
      const replicas = others.length + 1
      if (judge(own, others, replicas).kind === 'not_yet') return true
      const reached = others.filter(({ extent }) => extent === 'everything').length
      const counted = own === 'joining' || own === 'stale_joining' ? reached : reached + 1
      const isEverybody = others.every(
        ({ extent, standing }) => extent === 'everything' || standing === 'removed',
      )
      return counted >= majorityOf(replicas) || isEverybody
    }),
  )
})
