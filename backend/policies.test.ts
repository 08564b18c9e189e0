import t from 'tap'
import { type PolicyOptions, parsePolicies, policyString, StoragePolicies } from './policies.ts'

function problem(...policies: PolicyOptions[]): string {
  const parsed = parsePolicies(policies)
  return parsed instanceof StoragePolicies ? 'fine' : parsed.message
}

t.test('a cluster without configured policies has the legacy one', async (t) => {
  const policies = parsePolicies([]) as StoragePolicies
  t.match(policies.default, { index: 0, name: 'Policy-0', isDefault: true })
})

t.test('policies are found by index, and by name or alias in any case', async (t) => {
  const policies = parsePolicies([
    { index: 1, name: 'silver', aliases: ['second', 'ag'] },
    { index: 0, name: 'gold', default: true },
  ]) as StoragePolicies
  t.equal(policies.byName('SECOND')?.index, 1)
  t.equal(policies.byName('Gold')?.index, 0)
  t.equal(policies.byIndex(1)?.name, 'silver')
  t.equal(policies.byIndex(2), undefined)
  t.equal(policies.byName('bronze'), undefined)
  t.same(
    policies.all.map((policy) => policy.name),
    ['gold', 'silver'],
  )
  t.equal(policies.default.name, 'gold')
})

t.test('a single policy is the default', async (t) => {
  t.equal((parsePolicies([{ index: 0, name: 'only' }]) as StoragePolicies).default.name, 'only')
})

t.test('what is wrong is named', async (t) => {
  const gold = { index: 0, name: 'gold', default: true }
  t.match(
    problem(gold, { index: 1, name: 'ec', type: 'erasure_coding' }),
    'policy_type "erasure_coding" is not supported',
  )
  t.match(problem({ index: -1, name: 'x' }), 'whole number')
  t.match(problem({ index: 0, name: 'a b' }), 'letters, digits and dashes')
  t.match(problem(gold, { index: 1, name: 'policy-0' }), 'reserved for policy index 0')
  t.match(problem({ ...gold, deprecated: true }), 'deprecated policy cannot be the default')
  t.match(problem(gold, { index: 0, name: 'x' }), 'index 0 is given twice')
  t.match(problem(gold, { index: 1, name: 'x', aliases: ['GOLD'] }), 'name "GOLD" is given twice')
  t.match(problem(gold, { index: 1, name: 'x', default: true }), 'more than one default')
  t.match(problem({ index: 0, name: 'x' }, { index: 1, name: 'y' }), 'no storage policy is the default')
  t.match(problem({ index: 1, name: 'x', default: true }), 'index 0')
})

t.test('files and directories of policy 0 have no number', async (t) => {
  t.equal(policyString('object', 0), 'object')
  t.equal(policyString('objects', 12), 'objects-12')
})
