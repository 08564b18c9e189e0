import * as fc from 'fast-check'
import t from 'tap'
import { ownerOf } from './share.ts'

const rows = fc.string({ minLength: 1, maxLength: 40 })
const replicas = fc.integer({ min: 1, max: 7 })

t.test('every task has exactly one owner, and one that is there, as long as anybody is', (t) => {
  fc.assert(
    fc.property(rows, replicas, fc.uniqueArray(fc.integer({ min: 0, max: 6 })), (row, count, gone) => {
      const owner = ownerOf(row, count, (replica) => gone.includes(replica))
      const there = Array.from({ length: count }, (_, at) => at).filter((at) => !gone.includes(at))
      if (there.length === 0) t.equal(owner, undefined)
      else t.ok(owner !== undefined && there.includes(owner))
    }),
  )
  t.end()
})

t.test('when a replica goes away only its own tasks change hands, and come back with it', (t) => {
  fc.assert(
    fc.property(rows, replicas, fc.integer({ min: 0, max: 6 }), (row, count, gone) => {
      const before = ownerOf(row, count, () => false)
      const during = ownerOf(row, count, (replica) => replica === gone)
      if (before !== gone) t.equal(during, before)
      t.equal(
        ownerOf(row, count, () => false),
        before,
      )
    }),
  )
  t.end()
})

t.test('all who agree on who is away agree on the owner; shares are even', (t) => {
  const shares = [0, 0, 0]
  for (let at = 0; at < 3000; at += 1) {
    const owner = ownerOf(`1700000000-a/c/${at}`, 3, () => false) as number
    shares[owner] = (shares[owner] ?? 0) + 1
  }
  t.ok(
    shares.every((share) => share > 900 && share < 1100),
    shares.join(', '),
  )
  t.end()
})
