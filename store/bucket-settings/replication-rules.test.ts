import t from 'tap'
import { type ReplicationRule, rulesOfMarker, rulesOfObject, ruleTo } from './replication-rules.ts'

function rule(id: string, bucket: string, more: Partial<ReplicationRule> = {}): ReplicationRule {
  return {
    id,
    status: 'Enabled',
    filter: { tags: [] },
    filterForm: 'single',
    deleteMarkers: 'Disabled',
    destination: { bucket, inAccount: 'AUTH_test' },
    ...more,
  }
}

const idsOf = (rules: readonly ReplicationRule[]) => rules.map(({ id }) => id)
const PLAIN = { key: 'a/b', tags: [], encryption: 'none' } as const

t.test('of the rules that take an object the one with the highest priority counts for each bucket', (t) => {
  const rules = [
    rule('low', 'one', { priority: 1 }),
    rule('high', 'one', { priority: 9, filter: { prefix: 'a/', tags: [] } }),
    rule('off', 'one', { priority: 10, status: 'Disabled' }),
    rule('elsewhere', 'one', { priority: 11, filter: { prefix: 'b', tags: [] } }),
    rule('two', 'two', { priority: 2 }),
  ]
  t.same(idsOf(rulesOfObject({ rules }, PLAIN)), ['high', 'two'])
  t.same(idsOf(rulesOfObject({ rules }, { ...PLAIN, key: 'x' })), ['low', 'two'])
  t.equal(ruleTo({ rules }, 'one', PLAIN)?.id, 'high')
  t.equal(ruleTo({ rules }, 'three', PLAIN), undefined)
  t.end()
})

t.test('all tags of a rule must be there, and a marker has none', (t) => {
  const tags = [
    { key: 'k', value: 'v' },
    { key: 'l', value: '' },
  ]
  const rules = [rule('tagged', 'one', { filter: { prefix: 'a', tags } })]
  t.same(idsOf(rulesOfObject({ rules }, { ...PLAIN, tags })), ['tagged'])
  t.same(idsOf(rulesOfObject({ rules }, { ...PLAIN, tags: tags.slice(1) })), [])
  t.same(idsOf(rulesOfMarker({ rules }, 'a')), [])
  t.equal(ruleTo({ rules }, 'one', PLAIN)?.id, 'tagged', 'the tags it was written with may have changed')
  t.end()
})

t.test('markers go by the rule that counts; in the older form all that users make', (t) => {
  const rules = [
    rule('without', 'one', { priority: 2 }),
    rule('with', 'one', { priority: 1, deleteMarkers: 'Enabled' }),
    rule('also', 'two', { priority: 3, deleteMarkers: 'Enabled' }),
  ]
  t.same(idsOf(rulesOfMarker({ rules }, 'k')), ['also'])
  const { deleteMarkers: _none, ...older } = rule('older', 'one', { filterForm: 'rule_prefix' })
  t.same(idsOf(rulesOfMarker({ rules: [older] }, 'k')), ['older'])
  t.end()
})

t.test(
  'what is encrypted under keys of a service goes where a rule selects it, under keys of owners nowhere',
  (t) => {
    const kms = rule('kms', 'one', { sourceSelection: { kmsObjects: 'Enabled' } })
    const rules = [kms, rule('plain', 'two')]
    t.same(idsOf(rulesOfObject({ rules }, { ...PLAIN, encryption: 'kms' })), ['kms'])
    t.same(idsOf(rulesOfObject({ rules }, { ...PLAIN, encryption: 'customer_key' })), [])
    t.end()
  },
)
