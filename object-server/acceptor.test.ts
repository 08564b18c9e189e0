/** Single rules of the acceptor; `conditional-model.test.ts` has what follows from them. */
import t from 'tap'
import { lastBallotAt } from '#base/ballot.ts'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import {
  ACCEPTED_LIFE_SECONDS,
  accept,
  committed,
  emptyRecord,
  isForgettable,
  knows,
  PROMISE_LIFE_SECONDS,
  promise,
  withoutAbandoned,
  withoutFuture,
} from './acceptor.ts'
import { acceptanceOf, ballot, candidate } from './conditional-contract.ts'
import { second } from './engine-contract.ts'

const one = acceptanceOf({ at: 5, candidate: candidate(6) })
const other = acceptanceOf({ at: 8, candidate: candidate(9, 'data', 2), base: second(6) })

t.test('a promise never goes back', async (t) => {
  const promised = promise(emptyRecord(), ballot(5))
  t.equal(promised.kind, 'yes')
  t.equal(promise(promised.record, ballot(4)).kind, 'outvoted')
  t.equal(promise(promised.record, ballot(5)).kind, 'yes')
  t.equal(
    accept(promised.record, acceptanceOf({ at: 4, candidate: candidate(6) }), 'proposed', second(0)).kind,
    'outvoted',
  )
  t.equal(promise(emptyRecord(ballot(5)), ballot(4)).kind, 'outvoted', 'nor below what was forgotten')
})

t.test('accepting promises too, and what is committed is not accepted again', async (t) => {
  const accepted = accept(emptyRecord(), one, 'proposed', ZERO_TIMESTAMP)
  t.match(accepted, { kind: 'yes', record: { promised: one.ballot, accepted: one } })
  const shown = committed(accepted.record, one)
  t.match(shown, { accepted: undefined, committed: one })
  const again = accept(shown, { ...one, ballot: ballot(7) }, 'chosen', second(6))
  t.match(again, { kind: 'yes', record: { accepted: undefined, committed: { ballot: ballot(7) } } })
  t.ok(knows(shown, one.candidate.id) && !knows(shown, other.candidate.id))
})

t.test('what moved is refused, but not to what is known to be chosen', async (t) => {
  t.equal(accept(emptyRecord(), other, 'proposed', second(7)).kind, 'moved')
  t.equal(accept(emptyRecord(), other, 'proposed', second(6)).kind, 'yes')
  t.equal(accept(emptyRecord(), other, 'chosen', second(20)).kind, 'yes')
  t.equal(accept(emptyRecord(), { ...other, base: second(30) }, 'proposed', second(9)).kind, 'moved')
})

t.test('a commit that comes late forgets nothing newer', async (t) => {
  const later = accept(emptyRecord(), other, 'proposed', second(6)).record
  const after = committed(later, one)
  t.match(after, { accepted: other, committed: one, promised: other.ballot })
  t.match(committed(committed(after, other), one), { committed: other })
})

t.test('a candidate is given up before its promise is forgotten', async (t) => {
  const { record } = accept(emptyRecord(), one, 'proposed', ZERO_TIMESTAMP)
  t.same(withoutAbandoned(record, second(5 + ACCEPTED_LIFE_SECONDS)), record)
  const left = withoutAbandoned(record, second(6 + ACCEPTED_LIFE_SECONDS))
  t.same(left, { promised: lastBallotAt(second(6)), accepted: undefined, committed: undefined })
  t.notOk(isForgettable(record, second(9 * PROMISE_LIFE_SECONDS)))
  t.notOk(isForgettable(left, second(6 + PROMISE_LIFE_SECONDS)))
  t.ok(isForgettable(left, second(8 + PROMISE_LIFE_SECONDS)))
})

t.test('what a clock that was wrong has left does not wait for its time', async (t) => {
  const { record } = accept(emptyRecord(), one, 'proposed', ZERO_TIMESTAMP)
  const right = second(5 - 2 * PROMISE_LIFE_SECONDS)
  t.same(withoutFuture(record, right), { ...emptyRecord(), promised: lastBallotAt(right) })
  t.same(withoutFuture(emptyRecord(ballot(5)), right), { ...emptyRecord(), promised: lastBallotAt(right) })
  t.equal(withoutFuture(record, second(0)), record, 'clocks in order differ by as much')
})
