import t from 'tap'
import type { StoreFailure } from '#store/failure.ts'
import { failureAnswer, isFailure } from './failure-answers.ts'

const STATUSES: readonly (readonly [StoreFailure, number])[] = [
  [{ kind: 'no_such_account' }, 404],
  [{ kind: 'account_deleted' }, 410],
  [{ kind: 'no_such_container' }, 404],
  [{ kind: 'no_such_object', headers: {} }, 404],
  [{ kind: 'not_empty' }, 409],
  [{ kind: 'conflict', newest: undefined }, 409],
  [{ kind: 'precondition_failed', headers: {} }, 412],
  [{ kind: 'range_unsatisfiable', sizeBytes: 5, headers: {} }, 416],
  [{ kind: 'etag_mismatch' }, 422],
  [{ kind: 'too_large', limitBytes: 5 }, 413],
  [{ kind: 'client_gone' }, 499],
  [{ kind: 'client_timeout' }, 408],
  [{ kind: 'bad_request', reason: 'why' }, 400],
  [{ kind: 'no_space' }, 507],
  [{ kind: 'unavailable', reason: 'node 10.0.0.1 is down' }, 503],
]

t.test('every failure has the status that Swift gives', (t) => {
  for (const [failure, status] of STATUSES) {
    t.ok(isFailure(failure))
    t.equal(failureAnswer(failure).status, status, failure.kind)
  }
  t.notOk(isFailure({ kind: 'found' }))
  t.notOk(isFailure({ kind: 'toString' }))
  t.end()
})

t.test('what is wrong inside is not told', (t) => {
  const { body } = failureAnswer({ kind: 'unavailable', reason: 'node 10.0.0.1 is down' })
  t.notMatch(String(body), '10.0.0.1')
  t.end()
})
