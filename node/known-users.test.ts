import t from 'tap'
import { knownUsers } from './known-users.ts'
import { DEVELOPMENT_USERS, SECTIONS, type Settings } from './options.ts'

const keystone = { url: undefined } as Settings['keystone']
const auth = { users: SECTIONS.auth.users.default } as Settings['auth']

t.test('the users for development are let in where nobody decided otherwise', async (t) => {
  t.same(knownUsers({ auth, keystone }, {}), DEVELOPMENT_USERS)
  t.same(knownUsers({ auth, keystone }, { developmentUsers: 'none' }), [])
  t.same(knownUsers({ auth, keystone: { ...keystone, url: 'http://keystone' } }, {}), [])
})

t.test('users that somebody chose are let in always', async (t) => {
  const chosen = { ...auth, users: ['own:user key .admin'] }
  t.same(knownUsers({ auth: chosen, keystone }, { developmentUsers: 'none' }), chosen.users)
})
