/** Functions that are loaded when they are needed. */
import t from 'tap'
import { late } from './late.ts'

t.test('it is loaded once, when it is called first', async (t) => {
  let loads = 0
  const add = late(async () => {
    loads += 1
    return async (left: number, right: number) => left + right
  })
  t.equal(loads, 0)
  t.same(await Promise.all([add(1, 2), add(3, 4)]), [3, 7])
  t.equal(await add(5, 6), 11)
  t.equal(loads, 1)
})

t.test('what could not be loaded is tried again', async (t) => {
  let loads = 0
  const answer = late(async () => {
    loads += 1
    if (loads === 1) throw new Error('the disk is slow')
    return async () => 42
  })
  await t.rejects(answer(), { message: 'the disk is slow' })
  t.equal(await answer(), 42)
})
