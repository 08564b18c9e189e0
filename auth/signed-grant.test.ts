import t from 'tap'
import { decideByGrant, type SignedGrant } from './signed-grant.ts'

const name = { account: 'a', container: 'c', object: 'o' }
const get: SignedGrant = { method: 'GET', name, reach: 'account' }

function allows(
  grant: SignedGrant,
  method: string,
  account: string,
  container?: string,
  object?: string,
): boolean {
  const decision = decideByGrant(grant, { method, account, container, object })
  t.ok(decision.kind === 'deny' || !decision.owner, 'never makes an owner')
  return decision.kind === 'allow'
}

t.test('what was signed is allowed, by that method', async (t) => {
  t.ok(allows({ ...get, reach: 'nothing' }, 'GET', 'a', 'c', 'o'))
  for (const method of ['PUT', 'POST', 'DELETE', 'COPY']) t.notOk(allows(get, method, 'a', 'c', 'o'), method)
})

t.test('what it leads to may be read as far as the key reaches', async (t) => {
  t.ok(allows(get, 'GET', 'a', 'segments', 'o/1'))
  t.ok(allows(get, 'GET', 'a', 'segments'), 'a listing of segments')
  t.notOk(allows(get, 'GET', 'b', 'c', 'o'), 'no other account')
  t.notOk(allows(get, 'GET', 'a'), 'not the account itself')
  t.notOk(allows(get, 'PUT', 'a', 'segments', 'o/1'))
  const ofContainer: SignedGrant = { ...get, reach: 'container' }
  t.ok(allows(ofContainer, 'GET', 'a', 'c', 'p'))
  t.notOk(allows(ofContainer, 'GET', 'a', 'segments', 'o/1'))
})

t.test('an upload leads to nothing', async (t) => {
  const put: SignedGrant = { ...get, method: 'PUT' }
  t.ok(allows(put, 'PUT', 'a', 'c', 'o'))
  t.notOk(allows(put, 'GET', 'a', 'c', 'secret'))
  t.notOk(allows(put, 'PUT', 'a', 'c', 'p'))
})
