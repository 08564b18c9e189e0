import t from 'tap'
import { tokenOf } from '../testing/fake-keystone.ts'
import { rulesWithOperators } from '../testing/keystone-rules.ts'
import { type KeystoneIdentity, keystonePrincipal } from './keystone-rules.ts'
import { namesCount, projectDomainToStore, type StoredDomain } from './project-domain.ts'

const OWN = `AUTH_${'a'.repeat(32)}`
const FOREIGN = `AUTH_${'f'.repeat(32)}`

function identity(domainId = 'default'): KeystoneIdentity {
  const rules = rulesWithOperators('admin')
  const token = tokenOf({ project: { id: 'a'.repeat(32), name: 'demo', domainId } })
  return keystonePrincipal(token, undefined, rules).keystone as KeystoneIdentity
}

function stored(account: string, domainId: string | undefined, exists = true): StoredDomain {
  return { account, domainId, exists }
}

t.test('a new account is given the domain of its project, if the maker can tell', async (t) => {
  t.equal(projectDomainToStore(identity(), stored(OWN, undefined, false)), 'default')
  t.equal(projectDomainToStore(identity('elsewhere'), stored(OWN, undefined, false)), 'elsewhere')
  t.equal(projectDomainToStore(identity(), stored(FOREIGN, undefined, false)), '_unknown')
})

t.test('an old account learns of its domain from the first who can tell', async (t) => {
  t.equal(projectDomainToStore(identity(), stored(OWN, undefined)), 'default')
  t.equal(projectDomainToStore(identity('elsewhere'), stored(OWN, undefined)), undefined, 'not of that age')
  t.equal(projectDomainToStore(identity('elsewhere'), stored(OWN, '_unknown')), 'elsewhere')
  t.equal(projectDomainToStore(identity(), stored(FOREIGN, '_unknown')), undefined)
  t.equal(projectDomainToStore(identity(), stored(OWN, 'default')), undefined)
})

t.test('names count in the own account and in those of the default domain', async (t) => {
  t.ok(namesCount(identity(), stored(OWN, 'elsewhere')))
  t.ok(namesCount(identity(), stored(FOREIGN, 'default')))
  t.ok(namesCount(identity(), stored(FOREIGN, undefined)))
  t.notOk(namesCount(identity(), stored(FOREIGN, '_unknown')))
  t.notOk(namesCount(identity(), stored(FOREIGN, 'elsewhere')))
  t.notOk(namesCount(identity(), stored(FOREIGN, undefined, false)))
  t.notOk(namesCount(identity('elsewhere'), stored(FOREIGN, 'default')))
})
