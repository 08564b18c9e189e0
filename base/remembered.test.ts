import t from 'tap'
import { remembered } from './remembered.ts'

t.test('what was asked lately is not worked out again, nor kept without end', async (t) => {
  let works = 0
  const lengthOf = remembered(2, (text) => {
    works += 1
    return text === '' ? undefined : text.length
  })
  t.same(['a', 'bb', 'a', 'bb'].map(lengthOf), [1, 2, 1, 2])
  t.equal(works, 2)
  t.same(['ccc', 'ccc'].map(lengthOf), [3, 3])
  t.equal(works, 3)
  t.equal(lengthOf('a'), 1)
  t.equal(works, 4, 'it was forgotten with the others')
})

t.test('no answer is an answer too', async (t) => {
  let works = 0
  const nothing = remembered(2, () => {
    works += 1
    return undefined
  })
  nothing('a')
  nothing('a')
  t.equal(works, 1)
})
