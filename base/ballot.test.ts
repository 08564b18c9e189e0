import t from 'tap'
import {
  ballotOf,
  candidateIdOf,
  formatAcceptance,
  lastBallotAt,
  NONCE_BYTES,
  parseAcceptance,
  parseBallot,
  timeOf,
} from './ballot.ts'
import { type Timestamp, ZERO_TIMESTAMP } from './timestamp.ts'

const time = '1700000000.12345' as Timestamp
const nonce = Buffer.alloc(NONCE_BYTES, 0xab)

t.test('comparing ballots compares their times', async (t) => {
  const early = ballotOf(time, Buffer.alloc(NONCE_BYTES, 0xff))
  const late = ballotOf('1700000000.12346' as Timestamp, Buffer.alloc(NONCE_BYTES))
  t.ok(early < late)
  t.ok(early <= lastBallotAt(time) && lastBallotAt(time) < late)
  t.equal(timeOf(early), time)
})

t.test('what is no ballot is not read as one', async (t) => {
  t.equal(parseBallot(ballotOf(time, nonce)), `${time}-${'ab'.repeat(NONCE_BYTES)}`)
  for (const text of [
    undefined,
    '',
    time,
    `${time}-x`,
    `${time}_0000000000000001-${'ab'.repeat(NONCE_BYTES)}`,
  ]) {
    t.equal(parseBallot(text), undefined, String(text))
  }
  t.throws(() => ballotOf(`${time}_0000000000000001` as Timestamp, nonce), RangeError)
})

t.test('an acceptance comes back as it was written', async (t) => {
  const acceptance = {
    ballot: ballotOf(time, nonce),
    candidate: { id: candidateIdOf(time, nonce), kind: 'tombstone' },
    base: ZERO_TIMESTAMP,
  } as const
  t.same(parseAcceptance(formatAcceptance(acceptance)), acceptance)
  const text = formatAcceptance(acceptance)
  for (const wrong of ['', text.replace('tombstone', 'thing'), `${text} x`, text.slice(5)]) {
    t.equal(parseAcceptance(wrong), undefined, wrong)
  }
})
