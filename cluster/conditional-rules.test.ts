import t from 'tap'
import type { Acceptance } from '#base/ballot.ts'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { judge, type PromiseAnswer } from './conditional-rules.ts'

const ABSENT = { kind: 'absent', writtenAt: ZERO_TIMESTAMP, changedAt: ZERO_TIMESTAMP } as const
const CHOSEN = {
  ballot: '1700000001.00000-7fe84572737332df',
  candidate: { id: '1700000002.00000-329d12b7802ce94f', kind: 'data' },
  base: ZERO_TIMESTAMP,
} as unknown as Acceptance

function answered(parts: Partial<PromiseAnswer<string>>): PromiseAnswer<string> {
  const nothing = { accepted: undefined, committed: undefined, ballot: undefined }
  return {
    node: 'n',
    voter: true,
    promised: true,
    state: ABSENT,
    ...nothing,
    ...parts,
  } as PromiseAnswer<string>
}

t.test('what only a replica without a voice has committed is finished first (seed 1129286880)', async (t) => {
  const away = answered({ voter: false, state: undefined, committed: CHOSEN })
  const holder = answered({ accepted: CHOSEN })
  for (const answers of [
    [holder, away, holder],
    [away, holder, holder],
  ]) {
    t.match(
      judge(answers, 3, ({ kind }) => kind === 'absent', []),
      { kind: 'finish', acceptance: CHOSEN },
    )
  }
})

/** A plain write that came after the condition of `CHOSEN` was judged, with an earlier time. */
const PLAIN = { kind: 'found', writtenAt: '1700000001.50000', changedAt: '1700000001.50000' } as never

t.test('what cannot have been chosen is not brought over a plain write', async (t) => {
  const ifAbsent = ({ kind }: { readonly kind: string }): boolean => kind === 'absent'
  const holder = answered({ accepted: CHOSEN })
  const wrote = answered({ state: PLAIN })
  t.match(judge([holder, wrote, wrote], 3, ifAbsent, []), { kind: 'false' }, 'one of three has it')
  t.match(
    judge([holder, wrote], 3, ifAbsent, []),
    { kind: 'again' },
    'the third may have it, or the plain write',
  )
  t.match(
    judge([holder, holder, wrote], 3, ifAbsent, []),
    { kind: 'finish', choice: 'certain' },
    'a majority has it, so that the plain write was told to come later',
  )
  t.match(judge([holder, answered({})], 3, ifAbsent, []), { kind: 'finish', choice: 'possible' })
  const shows = answered({ state: { ...(PLAIN as object), writtenAt: '1700000002.00000' } as never })
  t.match(judge([holder, shows], 3, ifAbsent, []), { kind: 'finish', choice: 'certain' }, 'it is seen')
})

t.test('one that was sent, and is neither chosen nor out of the way, is no refusal', async (t) => {
  const sent = [{ candidate: CHOSEN.candidate, ballot: CHOSEN.ballot }]
  const holder = answered({ accepted: CHOSEN })
  const wrote = answered({ state: PLAIN })
  t.match(
    judge([holder, wrote, wrote], 3, ({ kind }) => kind === 'absent', sent),
    { kind: 'doubtful' },
  )
  const later = {
    ...CHOSEN,
    ballot: '1700000003.00000-7fe84572737332df',
    candidate: { id: '1700000001.20000-329d12b7802ce94f', kind: 'data' },
  } as never
  const accepted = answered({ accepted: later, state: PLAIN })
  t.match(
    judge([accepted, accepted, wrote], 3, ({ kind }) => kind === 'absent', sent),
    { kind: 'doubtful' },
    'what others accepted later may never have been chosen',
  )
  const shown = answered({ committed: later, state: PLAIN })
  t.match(
    judge([shown, shown, wrote], 3, ({ kind }) => kind === 'absent', sent),
    { kind: 'false' },
  )
})

t.test('what is committed and seen needs no end', async (t) => {
  const found = { kind: 'found', writtenAt: '1700000002.00000', changedAt: '1700000002.00000' }
  const shows = answered({ committed: CHOSEN, state: found as never })
  const answers = [shows, answered({ accepted: CHOSEN }), answered({})]
  t.match(
    judge(answers, 3, ({ kind }) => kind === 'absent', []),
    { kind: 'false' },
  )
})
