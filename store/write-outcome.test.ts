import t from 'tap'
import type { WriteAnswer } from '#cluster/fan-out-write.ts'
import { FakeNodes } from '#cluster/testing/fake-nodes.ts'
import type { StoreFailure } from './failure.ts'
import { isListingPending, rowEvidence, waitForRows } from './row-evidence.ts'
import { failureOf, isOvertaken, newestIn, verdictOf } from './write-outcome.ts'

function answer(status: number, headers: WriteAnswer['headers'] = {}, body = ''): WriteAnswer {
  return { node: undefined, status, headers, body: Buffer.from(body) }
}

t.test('every refusal has its failure, in the words of the storage server where it says more', async (t) => {
  const kinds: readonly (readonly [number, StoreFailure['kind']])[] = [
    [409, 'conflict'],
    [412, 'precondition_failed'],
    [413, 'too_large'],
    [422, 'etag_mismatch'],
    [499, 'client_gone'],
    [408, 'client_timeout'],
    [400, 'bad_request'],
    [503, 'unavailable'],
  ]
  for (const [status, kind] of kinds) {
    const answers = [answer(status), answer(status), answer(status)]
    t.equal(failureOf(verdictOf(answers, 3), answers).kind, kind)
  }
  const told = [400, 400].map((status) => answer(status, {}, 'X-Delete-At in past'))
  t.same(failureOf(verdictOf(told, 3), told), { kind: 'bad_request', reason: 'X-Delete-At in past' })
})

t.test('when every device is full there is no space', async (t) => {
  const full = [answer(507), answer(507), answer(507)]
  t.same(failureOf(verdictOf(full, 3), full), { kind: 'no_space' })
  const some = [answer(507), answer(503)]
  t.equal(failureOf(verdictOf(some, 3), some).kind, 'unavailable')
})

t.test('the newest time that a conflict names is found', async (t) => {
  const times = ['1700000001.00000', '1700000003.00000', 'nonsense', '1700000002.00000']
  const answers = times.map((time) => answer(409, { 'x-backend-timestamp': time }))
  t.equal(newestIn([...answers, answer(201, { 'x-backend-timestamp': '1700000009.00000' })]), times[1])
  t.equal(newestIn([answer(201)]), undefined)
})

function rows(applied: string, queued = ''): WriteAnswer {
  return answer(201, {
    'x-backend-container-update-applied': applied,
    'x-backend-container-update-queued': queued,
  })
}

t.test('a listing is sure when a strict majority of container servers has the row', async (t) => {
  t.notOk(isListingPending([rows('h1/d1'), rows('h2/d2')], 3))
  t.ok(isListingPending([rows('h1/d1'), rows('', 'h2/d2')], 3))
  t.ok(isListingPending([rows('h1/d1'), rows('h1/d1')], 3), 'the same one twice')
  t.notOk(isListingPending([rows('h1/d1,h2/d2')], 3))
  t.notOk(isListingPending([answer(201)], 3), 'servers that say nothing promise nothing')
  t.same(rowEvidence([rows('', 'h1/d1')]), { applied: 0, told: true })
})

t.test('a write waits for rows once its quorum is there', async (t) => {
  const rules = waitForRows(3, 3, 1000)
  t.notOk(rules.isDecided([rows('h1/d1')]))
  t.ok(rules.isDecided([rows('h1/d1'), rows('', 'h2/d2')]))
  t.notOk(rules.isSettled([rows('h1/d1'), rows('', 'h2/d2')]))
  t.ok(rules.isSettled([rows('h1/d1'), rows('', 'h2/d2'), rows('h3/d3')]))
})

t.test('what only those took who stand in for others is overtaken by what a primary has', async (t) => {
  const { placement } = new FakeNodes()
  const [first, second] = placement.primaries
  const [handoff, other] = placement.handoffs
  const from = (node: WriteAnswer['node'], status: number): WriteAnswer => ({ ...answer(status), node })
  const standIns = [from(handoff, 201), from(other, 201)]
  t.ok(isOvertaken([...standIns, from(first, 409)], placement))
  t.notOk(isOvertaken([...standIns, from(first, 503)], placement))
  t.notOk(isOvertaken([from(first, 201), from(second, 201), from(placement.primaries[2], 409)], placement))
})
