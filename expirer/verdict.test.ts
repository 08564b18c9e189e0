import * as fc from 'fast-check'
import t from 'tap'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { endOfDue, parseTask, type Task } from './task.ts'
import { judge, type Witness } from './verdict.ts'

const at = (seconds: number): Timestamp => parseTimestamp(String(seconds)) as Timestamp
const DUE = 1_700_000_100

const task: Task = {
  row: `${DUE}-a/c/o`,
  rowTimestamp: at(DUE - 100),
  deleteAt: DUE,
  name: { account: 'a', container: 'c', object: 'o' },
  kind: 'expired',
}

function found(data: number, deleteAt: number | undefined, post = data, voter = true): Witness {
  return { kind: 'found', voter, dataTimestamp: at(data), timestamp: at(post), deleteAt }
}

function absent(tombstone = 0, voter = true): Witness {
  return { kind: 'absent', voter, timestamp: at(tombstone) }
}

const EARLY = DUE - 100

t.test(
  'an object that all know to expire now is deleted, and nothing that was written after it',
  async (t) => {
    const expected = { kind: 'delete', timestamp: `${at(EARLY)}_0000000000000001` }
    t.same(judge(task, [found(EARLY, DUE), found(EARLY, DUE), found(EARLY, DUE)], 3), expected)
    t.same(judge(task, [found(EARLY, DUE), found(EARLY, DUE)], 3), expected)
    t.same(
      judge(task, [found(EARLY, DUE), absent(), absent()], 3),
      expected,
      'copies that are lost do not keep it',
    )
  },
)

t.test('nothing is decided by a minority, nor by those that may not vote', async (t) => {
  t.same(judge(task, [found(EARLY, DUE)], 3), { kind: 'unknown' })
  t.same(judge(task, [found(EARLY, DUE), found(EARLY, DUE, EARLY, false)], 3), { kind: 'unknown' })
  t.same(judge(task, [], 3), { kind: 'unknown' })
})

t.test('the newest PUT or POST that anybody knows counts', async (t) => {
  const old = found(EARLY, DUE)
  t.same(judge(task, [old, old, found(EARLY + 50, undefined)], 3), { kind: 'over' })
  t.same(judge(task, [old, found(EARLY, DUE + 500, EARLY + 60)], 3), { kind: 'over' })
  t.same(judge(task, [old, old, found(EARLY, DUE, EARLY + 60)], 3), {
    kind: 'delete',
    timestamp: `${at(EARLY + 60)}_0000000000000001`,
  })
  t.same(judge(task, [old, found(EARLY + 50, DUE + 1, EARLY + 50, false), old], 3), { kind: 'over' })
})

t.test('what is deleted already is over; of what nobody has nothing is concluded', async (t) => {
  t.same(judge(task, [absent(DUE - 5), found(EARLY, DUE), absent()], 3), { kind: 'over' })
  t.same(judge(task, [absent(), absent(), absent()], 3), { kind: 'nothing_there' })
})

t.test('a version written after its own end dies, and nothing later does', async (t) => {
  const late = found(DUE + 7, DUE)
  t.same(judge(task, [late, late], 3), { kind: 'delete', timestamp: `${at(DUE + 7)}_0000000000000001` })
})

t.test('a task to delete at once spares what was written since', async (t) => {
  const now: Task = { ...task, kind: 'at_once' }
  t.same(judge(now, [found(EARLY - 1, undefined), absent()], 3), {
    kind: 'delete',
    timestamp: now.rowTimestamp,
  })
  t.same(judge(now, [found(EARLY + 1, undefined), absent()], 3), { kind: 'over' })
})

t.test(
  'no order of answers changes the verdict, and no delete reaches a version that is newer than it',
  (t) => {
    const witness = fc.oneof(
      fc.record({
        kind: fc.constant('found' as const),
        voter: fc.boolean(),
        dataTimestamp: fc.integer({ min: EARLY, max: DUE + 3 }).map(at),
        timestamp: fc.integer({ min: EARLY, max: DUE + 3 }).map(at),
        deleteAt: fc.option(fc.integer({ min: DUE - 1, max: DUE + 1 }), { nil: undefined }),
      }),
      fc.record({
        kind: fc.constant('absent' as const),
        voter: fc.boolean(),
        timestamp: fc.oneof(fc.constant(at(0)), fc.integer({ min: EARLY, max: DUE }).map(at)),
      }),
    )
    fc.assert(
      fc.property(fc.array(witness, { maxLength: 6 }), (witnesses) => {
        const sound = witnesses.map((one) =>
          one.kind === 'found' && one.timestamp < one.dataTimestamp
            ? { ...one, timestamp: one.dataTimestamp }
            : one,
        )
        const verdict = judge(task, sound, 3)
        t.same(judge(task, sound.toReversed(), 3), verdict)
        if (verdict.kind !== 'delete') return
        for (const one of sound) {
          if (one.kind === 'found') t.ok(one.dataTimestamp < verdict.timestamp)
        }
      }),
      { numRuns: 500 },
    )
    t.end()
  },
)

t.test('rows of the queue are read as Swift writes them', async (t) => {
  t.match(parseTask('1700000100-AUTH_a/c d/o/p', at(1), 'text/plain'), {
    deleteAt: 1_700_000_100,
    name: { account: 'AUTH_a', container: 'c d', object: 'o/p' },
    kind: 'expired',
  })
  t.equal(parseTask('1700000100-a/c/o', at(1), 'application/async-deleted')?.kind, 'at_once')
  t.equal(parseTask('1700000100.12345-a/c/o', at(1), 'application/async-deleted')?.kind, 'at_once')
  for (const foreign of ['', 'o', '1700000100', '1700000100-a/c', '170000010-a/c/o', '1700000100-/c/o']) {
    t.equal(parseTask(foreign, at(1), ''), undefined, foreign)
  }
  t.ok('1700000100-z' < endOfDue(1_700_000_100))
  t.ok('1700000101-a' >= endOfDue(1_700_000_100.9))
})
