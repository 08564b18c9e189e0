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

t.test('what is committed and seen needs no end', async (t) => {
  const found = { kind: 'found', writtenAt: '1700000002.00000', changedAt: '1700000002.00000' }
  const shows = answered({ committed: CHOSEN, state: found as never })
  const answers = [shows, answered({ accepted: CHOSEN }), answered({})]
  t.match(
    judge(answers, 3, ({ kind }) => kind === 'absent', []),
    { kind: 'false' },
  )
})
