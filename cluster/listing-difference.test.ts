import fc from 'fast-check'
import t from 'tap'
import { compareUtf8 } from '#base/names.ts'
import { differingStretches, type ListingMember, type ListingOrder, type Page } from './listing-difference.ts'

const FORWARD: ListingOrder = { direction: 'forward', after: undefined, before: undefined }
const REVERSE: ListingOrder = { direction: 'reverse', after: 'first', before: 'last' }

function page(names: readonly string[], extent: Page['extent'] = 'to_the_end'): Page {
  return { members: names.map((name) => (name.endsWith('/') ? { subdir: name } : { name })), extent }
}

t.test('equal pages do not differ', async (t) => {
  t.same(differingStretches(page(['a', 'b/']), page(['a', 'b/']), FORWARD), [])
})

t.test('a stretch lies between the entries that both have', async (t) => {
  t.same(differingStretches(page(['a', 'b', 'd']), page(['a', 'd']), FORWARD), [{ after: 'a', before: 'd' }])
  t.same(differingStretches(page(['a']), page(['a', 'b', 'c']), FORWARD), [{ after: 'a', before: undefined }])
  t.same(differingStretches(page(['b/', 'c']), page(['b/', 'd']), FORWARD), [
    { after: 'b/\u{10ffff}', before: undefined },
  ])
  t.same(differingStretches(page(['a', 'b']), page(['b']), FORWARD), [{ after: undefined, before: 'b' }])
})

t.test('in reverse the bounds are those of the names all the same', async (t) => {
  t.same(differingStretches(page(['d', 'b', 'a']), page(['d', 'a']), REVERSE), [{ after: 'a', before: 'd' }])
  t.same(differingStretches(page(['d', 'c']), page(['c']), REVERSE), [{ after: 'c', before: 'last' }])
  t.same(differingStretches(page(['d']), page(['d', 'c']), REVERSE), [{ after: 'first', before: 'd' }])
})

t.test('what a full page did not reach is not compared', async (t) => {
  t.same(differingStretches(page(['a', 'b'], 'full'), page(['a', 'b', 'c', 'd']), FORWARD), [])
  t.same(differingStretches(page(['a', 'c'], 'full'), page(['a', 'b'], 'full'), FORWARD), [
    { after: 'a', before: undefined },
  ])
})

t.test('entries of the same name with other contents differ', async (t) => {
  const other: Page = { members: [{ name: 'a', hash: 'x' } as ListingMember], extent: 'to_the_end' }
  t.same(differingStretches(page(['a']), other, FORWARD), [{ after: undefined, before: undefined }])
})

t.test('every name that only one page has lies in a stretch, and no common one does', async () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'é', '😀', 'z'))
  fc.assert(
    fc.property(names, names, (left, right) => {
      const [one, other] = [left.toSorted(compareUtf8), right.toSorted(compareUtf8)]
      const stretches = differingStretches(page(one), page(other), FORWARD)
      const lies = (name: string): boolean =>
        stretches.some(
          ({ after, before }) =>
            (after === undefined || compareUtf8(name, after) > 0) &&
            (before === undefined || compareUtf8(name, before) < 0),
        )
      return [...new Set([...one, ...other])].every(
        (name) => lies(name) !== (one.includes(name) && other.includes(name)),
      )
    }),
  )
})
