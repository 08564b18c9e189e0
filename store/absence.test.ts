import t from 'tap'
import { REPLICA_STATE_HEADER } from '#base/extensions.ts'
import type { WriteAnswer } from '#cluster/fan-out-write.ts'
import { FakeNodes } from '#cluster/testing/fake-nodes.ts'
import { absenceBy, untilProven } from './absence.ts'

const { placement } = new FakeNodes()
const [first, second, third] = placement.primaries
const [handoff, otherHandoff] = placement.handoffs

function from(node: WriteAnswer['node'], status: number, state = 'synced'): WriteAnswer {
  return { node, status, headers: { [REPLICA_STATE_HEADER]: state }, body: Buffer.alloc(0) }
}

t.test('only primaries that would know it prove that it is not there', async (t) => {
  const [joining, standIn] = [from(second, 404, 'joining'), from(handoff, 404)]
  const absence = (...answers: readonly WriteAnswer[]): string => absenceBy(answers, placement, 'container')
  t.equal(absence(from(first, 404), from(third, 404)), 'proven')
  t.equal(absence(from(first, 404), from(third, 404), from(second, 204)), 'proven')
  t.equal(absence(joining, standIn, from(first, 204)), 'taken', 'whoever knew it has taken it')
  t.equal(absence(joining, standIn, from(first, 404)), 'unknown')
  t.equal(absence(standIn, from(otherHandoff, 404)), 'unknown', 'of those who stand in nobody knows')
})

t.test('what proves nothing is waited with', async (t) => {
  const { isDecided, isSettled } = untilProven(placement, 'account')
  const standIns = [from(handoff, 404), from(otherHandoff, 404)]
  t.ok(isDecided?.(standIns))
  t.notOk(isSettled?.(standIns))
  t.ok(isSettled?.([from(first, 404), from(second, 404)]))
  t.ok(isSettled?.([from(first, 204), from(second, 204)]))
})
