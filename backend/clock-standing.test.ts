/** When the wall clock of a machine is believed, and what the time is taken to be when it is not. */
import t from 'tap'
import { type ClockEvidence, judgeClock } from './clock-standing.ts'

const NOW = 1_800_000_000_000
const MINUTE = 60_000
const WEEK = 7 * 86_400_000

const CASES: readonly (readonly [string, ClockEvidence, string, number])[] = [
  ['nothing known of before, and nobody else', { wallMs: NOW, keptMs: undefined, othersMs: [] }, 'good', NOW],
  ['it goes on from where it was', { wallMs: NOW, keptMs: NOW - MINUTE, othersMs: [] }, 'good', NOW],
  ['a small step back', { wallMs: NOW, keptMs: NOW + 5000, othersMs: [] }, 'good', NOW],
  ['set back a week', { wallMs: NOW, keptMs: NOW + WEEK, othersMs: [] }, 'behind', NOW + WEEK],
  ['off for a night', { wallMs: NOW, keptMs: NOW - 12 * 60 * MINUTE, othersMs: [] }, 'good', NOW],
  ['a week ahead, nobody says so', { wallMs: NOW, keptMs: NOW - WEEK, othersMs: [] }, 'leapt', NOW],
  ['a week later, another says so', { wallMs: NOW, keptMs: NOW - WEEK, othersMs: [NOW + 50] }, 'good', NOW],
  [
    'the mark was of a wrong clock, another says so',
    { wallMs: NOW, keptMs: NOW + WEEK, othersMs: [NOW] },
    'good',
    NOW,
  ],
  [
    'back a week, the disk knows and others do',
    { wallMs: NOW, keptMs: NOW + WEEK, othersMs: [NOW + WEEK + MINUTE, NOW + WEEK + MINUTE] },
    'behind',
    NOW + WEEK + MINUTE,
  ],
  [
    'ahead a week, two others agree against it',
    { wallMs: NOW, keptMs: NOW - WEEK, othersMs: [NOW - WEEK, NOW - WEEK] },
    'ahead',
    NOW,
  ],
  [
    'ahead a week, the one other cannot tell who is right',
    { wallMs: NOW, keptMs: NOW - 2, othersMs: [NOW - WEEK] },
    'unsure',
    NOW,
  ],
  ['one of two others is wrong', { wallMs: NOW, keptMs: NOW, othersMs: [NOW + WEEK, NOW] }, 'good', NOW],
  [
    'nobody agrees with anybody',
    { wallMs: NOW, keptMs: NOW, othersMs: [NOW + WEEK, NOW - WEEK] },
    'unsure',
    NOW,
  ],
]

for (const [name, evidence, kind, timeMs] of CASES) {
  t.test(`${kind}: ${name}`, async (t) => {
    const verdict = judgeClock(evidence)
    t.equal(verdict.standing.kind, kind)
    t.equal(verdict.timeMs, timeMs)
  })
}
