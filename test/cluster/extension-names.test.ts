/** The side that asks and the side that answers may not import each other; here it is held that they mean the same. */
import t from 'tap'
import * as answering from '#backend/extensions.ts'
import * as asking from '#cluster/extension-headers.ts'
import { OBJECT_CAPABILITIES } from '#object-server/app.ts'

t.test('both sides of our extensions have the same names', async (t) => {
  t.equal(asking.REPLICA_STATE_HEADER, answering.REPLICA_STATE_HEADER)
  t.equal(asking.CAPABILITIES_HEADER, answering.CAPABILITIES_HEADER)
  t.equal(asking.INDEX_ONLY_HEADER, answering.INDEX_ONLY_HEADER)
  t.equal(asking.EXPIRED_HEADER, answering.EXPIRED_HEADER)
  t.equal(asking.DIGEST_HEADER, answering.DIGEST_HEADER)
  t.equal(asking.ROWS_HEADER, answering.ROWS_HEADER)
  t.equal(asking.BLOCK_CRCS_HEADER, answering.BLOCK_CRCS_HEADER)
  t.equal(asking.ROWS_APPLIED_HEADER, answering.CONTAINER_UPDATE_APPLIED_HEADER)
  t.equal(asking.ROWS_QUEUED_HEADER, answering.CONTAINER_UPDATE_QUEUED_HEADER)
  t.equal(asking.STATUS_CHANGED_AT_HEADER, answering.STATUS_CHANGED_AT_HEADER)
  t.equal(asking.BALLOT_HEADER, answering.BALLOT_HEADER)
  t.equal(asking.ACCEPTED_HEADER, answering.ACCEPTED_HEADER)
  t.equal(asking.COMMITTED_HEADER, answering.COMMITTED_HEADER)
  t.equal(asking.STATE_HEADER, answering.STATE_HEADER)
  t.equal(asking.PROPOSAL_HEADER, answering.PROPOSAL_HEADER)
  t.equal(asking.CARRIED_HEADER, answering.CARRIED_HEADER)
  t.equal(asking.VOTE_HEADER, answering.VOTE_HEADER)
  t.equal(asking.CANDIDATE_HEADER, answering.CANDIDATE_HEADER)
  t.ok(OBJECT_CAPABILITIES.includes(asking.PROMISES_CAPABILITY))
})
