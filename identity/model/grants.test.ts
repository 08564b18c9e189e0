import fc from 'fast-check'
import t from 'tap'
import { type Grant, projectScope, rolesOn, withoutRole, withRole } from './grants.ts'

const NAME = fc.constantFrom('a', 'b', 'c')
const STEPS = fc.array(fc.record({ on: NAME, role: NAME, gives: fc.boolean() }))

t.test('what was given and not taken away since is there, once', async (t) => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      let grants: readonly Grant[] = []
      const expected = new Set<string>()
      for (const { on, role, gives } of steps) {
        grants = (gives ? withRole : withoutRole)(grants, projectScope(on), role)
        if (gives) expected.add(`${on}/${role}`)
        else expected.delete(`${on}/${role}`)
      }
      const there = ['a', 'b', 'c'].flatMap((on) =>
        rolesOn(grants, projectScope(on)).map((role) => `${on}/${role}`),
      )
      t.same(there.toSorted(), [...expected].toSorted())
      t.ok(grants.every(({ roleIds }) => roleIds.length > 0))
    }),
    { numRuns: 50 },
  )
})
