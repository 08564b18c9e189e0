import t from 'tap'
import { endMarkerWithin, isSplit, mayHold, parseShardRanges } from './shard-range.ts'

const shard = { account: '.shards_a', container: 'c-0' }
const query = { limit: 10, reverse: false }

t.test('a container is split while Swift splits it, and afterwards', async (t) => {
  t.ok(isSplit({ 'x-backend-sharding-state': 'sharding' }))
  t.ok(isSplit({ 'x-backend-sharding-state': 'sharded' }))
  t.notOk(isSplit({ 'x-backend-sharding-state': 'unsharded' }))
  t.notOk(isSplit({}))
})

t.test('ranges are read from JSON; anything else is none', async (t) => {
  const json = JSON.stringify([{ name: '.shards_a/c-0', lower: '', upper: 'm', state: 'active' }])
  t.same(parseShardRanges(Buffer.from(json)), [{ shard, lower: '', upper: 'm' }])
  t.same(parseShardRanges(Buffer.from('[]')), [])
  t.equal(parseShardRanges(Buffer.from('name\n')), undefined)
  t.equal(parseShardRanges(Buffer.from('[{}]')), undefined)
})

t.test('a range may hold a prefix when some name with it lies in the range', async (t) => {
  const range = { shard, lower: 'd', upper: 'm' }
  t.ok(mayHold(range, undefined))
  t.ok(mayHold(range, ''))
  t.ok(mayHold(range, 'e'))
  t.ok(mayHold(range, 'd'), 'names that begin with the lower bound follow it')
  t.ok(mayHold({ shard, lower: 'dd', upper: 'm' }, 'd'))
  t.ok(mayHold(range, 'm'), 'the upper bound belongs to the range')
  t.notOk(mayHold(range, 'n'))
  t.notOk(mayHold(range, 'c'))
  t.ok(mayHold({ shard, lower: 'd', upper: '' }, 'z'))
  t.ok(mayHold({ shard, lower: '\uffff', upper: '' }, '\u{10000}'), 'by bytes in UTF-8')
})

t.test('a shard is listed up to the end of the query or of its range', async (t) => {
  const range = { shard, lower: 'd', upper: 'm' }
  t.equal(endMarkerWithin(range, query), 'm\0')
  t.equal(endMarkerWithin(range, { ...query, endMarker: 'f' }), 'f')
  t.equal(endMarkerWithin(range, { ...query, endMarker: 'm' }), 'm')
  t.equal(endMarkerWithin(range, { ...query, endMarker: 'z' }), 'm\0')
  t.equal(endMarkerWithin({ ...range, upper: '' }, query), undefined)
  t.equal(endMarkerWithin({ ...range, upper: '' }, { ...query, endMarker: 'z' }), 'z')
  t.equal(endMarkerWithin(range, { ...query, reverse: true }), 'd')
  t.equal(endMarkerWithin(range, { ...query, reverse: true, endMarker: 'e' }), 'e')
})
