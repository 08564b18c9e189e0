import t from 'tap'
import { callerOf } from './caller.ts'

t.test('a group that only sounds like an account makes nobody a member', async (t) => {
  const user = { user: 'test:ann', tenant: 'test' }
  const known = (...groups: readonly string[]): ReturnType<typeof callerOf> =>
    callerOf({ ...user, groups: ['test', 'test:ann', ...groups] }, ['AUTH_', 'SERVICE_'])
  t.match(known('reviewers_test'), { roles: ['reader'], accounts: [] })
  t.match(known('AUTH_x_test'), { roles: ['reader'], accounts: [] })
  t.match(known('AUTH_test', 'SERVICE_test'), {
    roles: ['member', 'reader'],
    accounts: ['AUTH_test', 'SERVICE_test'],
  })
})
