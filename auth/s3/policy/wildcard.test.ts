/** Goal: patterns mean what their regular expression would, and no pattern is slow. */
import fc from 'fast-check'
import t from 'tap'
import { matchesWildcard } from './wildcard.ts'

t.test('stars and question marks', (t) => {
  const cases: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything/at:all', true],
    ['?', '', false],
    ['?', 'a', true],
    ['a*b', 'ab', true],
    ['a*b', 'a', false],
    ['ab*ba', 'aba', false],
    ['*a*a*', 'a', false],
    ['logs/????-*', 'logs/2026-11', true],
    ['logs/????-*', 'logs/26-11', false],
    ['photo*.jp?g', 'photos/x.jpg.jpeg', true],
    ['A', 'a', false],
  ]
  for (const [pattern, text, matches] of cases) {
    t.equal(matchesWildcard(pattern, text), matches, `${pattern} ${text}`)
  }
  t.end()
})

t.test('a pattern matches what its regular expression matches', (t) => {
  const characters = fc.constantFrom('a', 'b', '/', '*', '?')
  const pattern = fc.array(characters, { maxLength: 10 }).map((some) => some.join(''))
  const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 14 }).map((some) => some.join(''))
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      return matchesWildcard(pattern, text) === expression.test(text)
    }),
    { numRuns: 2000 },
  )
  t.end()
})

t.test('patterns made to be slow are not', (t) => {
  // Processor time, which other work on the machine does not lengthen.
  const before = process.cpuUsage()
  const text = 'a'.repeat(8192)
  t.notOk(matchesWildcard(`${'*a'.repeat(5000)}*b`, text))
  t.notOk(matchesWildcard(`*${'a'.repeat(4096)}b*`, text))
  t.notOk(matchesWildcard(`*${'a?'.repeat(2048)}b*`, text))
  t.ok(process.cpuUsage(before).user < 5_000_000, 'microseconds; backtracking would take years')
  t.end()
})
