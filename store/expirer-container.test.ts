import t from 'tap'
import { expirerContainer, tenDigits } from './expirer-container.ts'

/** Answers of `swift.common.utils.get_expirer_container` (2.30) with hash path prefix `pre` and suffix `suf`. */
const GOLDEN: readonly (readonly [number, number, string, string, string, string])[] = [
  [1_700_000_000, 86_400, 'AUTH_test', 'c', 'o', '1699919966'],
  [1, 86_400, 'a', 'c', 'o', '0000000000'],
  [9_999_999_999, 86_400, 'AUTH_test', 'c', 'o/x y', '9999935935'],
  [1_700_000_000, 3600, 'AUTH_tést', 'c', '😀', '1699999153'],
  [86_399, 86_400, 'a', 'b', 'c', '0000000000'],
]

t.test('tasks are put where Swift puts them', async (t) => {
  for (const [deleteAt, divisor, account, container, object, expected] of GOLDEN) {
    const name = { account, container, object }
    t.equal(expirerContainer(deleteAt, divisor, name, { prefix: 'pre', suffix: 'suf' }), expected)
  }
})

t.test('seconds have ten digits, cut off where they do not fit', async (t) => {
  t.same([-5, 0, 1.9, 1_700_000_000, 99_999_999_999].map(tenDigits), [
    '0000000000',
    '0000000000',
    '0000000001',
    '1700000000',
    '9999999999',
  ])
})
