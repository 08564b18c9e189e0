/** Promises, proposals and commits as they travel: what the proxy of a conditional write says to one object server. */
import t from 'tap'
import { formatAcceptance, timeOf } from '#base/ballot.ts'
import {
  ACCEPTED_HEADER,
  BALLOT_HEADER,
  CANDIDATE_HEADER,
  CARRIED_HEADER,
  COMMITTED_HEADER,
  PROPOSAL_HEADER,
  STATE_HEADER,
  VOTE_HEADER,
} from '#base/extensions.ts'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { acceptanceOf, ballot, candidate, type Proposal } from '../conditional-contract.ts'
import { md5, second } from '../engine-contract.ts'
import { at, put, send, startTestServer, type TestServer } from '../test-server.ts'

const ROWS = {
  'x-container-host': '10.0.0.1:6201',
  'x-container-device': 'sdb',
  'x-container-partition': '7',
}

function promise(
  server: TestServer,
  seconds: number,
  headers: Record<string, string> = {},
): ReturnType<typeof send> {
  const [ours] = [ballot(seconds)]
  return send(server, 'PROMISE', {
    headers: { 'x-timestamp': timeOf(ours), [BALLOT_HEADER]: ours, ...headers },
  })
}

function headersOf(proposal: Proposal): Record<string, string> {
  return {
    'x-timestamp': timeOf(proposal.candidate.id),
    [PROPOSAL_HEADER]: formatAcceptance(acceptanceOf(proposal)),
    ...(proposal.mode === 'chosen' ? { [CARRIED_HEADER]: 'certain' } : {}),
  }
}

function propose(
  server: TestServer,
  proposal: Proposal,
  body: string,
  headers: Record<string, string> = {},
): ReturnType<typeof send> {
  return send(server, 'PUT', { headers: { 'content-type': 'a/b', ...headersOf(proposal), ...headers }, body })
}

await t.test('a promise says what is there, and what was promised', async (t) => {
  const server = await startTestServer()
  const first = await promise(server, 5)
  t.equal(first.status, 202)
  t.match(first.headers, {
    [BALLOT_HEADER]: ballot(5),
    [STATE_HEADER]: 'absent',
    'x-backend-data-timestamp': ZERO_TIMESTAMP,
    'x-backend-martlet-capabilities': /promises/,
    'x-backend-martlet-replica-state': 'synced',
  })
  await put(server, 6, 'hello', { 'x-object-sysmeta-etag': 'other' })
  const late = await promise(server, 4)
  t.equal(late.status, 409)
  t.match(late.headers, {
    [BALLOT_HEADER]: ballot(5),
    [STATE_HEADER]: 'found',
    etag: `"${md5('hello')}"`,
    'x-backend-data-timestamp': at(6),
  })
  const elsewhere = await promise(server, 7, { 'x-backend-etag-is-at': 'x-object-sysmeta-etag' })
  t.equal(elsewhere.headers['etag'], '"other"')
  const told = await send(server, 'PROMISE')
  t.equal(told.status, 200)
  t.equal(told.headers[BALLOT_HEADER], ballot(7))
  await server.device.close()
})

await t.test('an expired object is not there, and its time is', async (t) => {
  const server = await startTestServer()
  await put(server, 1, 'x', { 'x-delete-at': '1700000100' })
  const told = await promise(server, 200).then((answer) => answer.headers)
  t.equal(told[STATE_HEADER], undefined, 'a ballot that is too far ahead is refused')
  await server.clock.advance(200_000)
  t.match((await promise(server, 200)).headers, {
    [STATE_HEADER]: 'absent',
    'x-backend-data-timestamp': at(1),
  })
  await server.device.close()
})

await t.test('a body is proposed, waits unseen and becomes the object', async (t) => {
  const server = await startTestServer()
  const proposal = { at: 5, candidate: candidate(6) }
  await promise(server, 5)
  const proposed = await propose(server, proposal, 'hello', { 'x-object-meta-a': 'b' })
  t.equal(proposed.status, 202)
  t.equal(proposed.headers[VOTE_HEADER], 'yes')
  t.equal((await send(server, 'GET')).status, 404)
  t.equal((await promise(server, 7)).headers[ACCEPTED_HEADER], formatAcceptance(acceptanceOf(proposal)))
  t.same(server.containers.rows, [])
  const committed = await send(server, 'COMMIT', { headers: { ...headersOf(proposal), ...ROWS } })
  t.equal(committed.status, 201)
  t.equal(committed.headers['x-backend-container-update'], 'applied')
  t.match(server.containers.rows, [
    { method: 'PUT', headers: { 'x-size': '5', 'x-etag': md5('hello'), 'x-timestamp': at(6) } },
  ])
  const read = await send(server, 'GET')
  t.equal(read.text, 'hello')
  t.match(read.headers, { 'x-object-meta-a': 'b', 'x-timestamp': at(6), 'content-type': 'a/b' })
  t.equal((await send(server, 'COMMIT', { headers: headersOf(proposal) })).status, 200)
  const after = await promise(server, 8)
  t.equal(after.headers[ACCEPTED_HEADER], undefined)
  t.equal(after.headers[COMMITTED_HEADER], formatAcceptance(acceptanceOf(proposal)))
  await server.device.close()
})

await t.test('a ballot that is out of date, or a state that moved, is a no before the body', async (t) => {
  const server = await startTestServer()
  await promise(server, 9)
  const late = await propose(server, { at: 5, candidate: candidate(6) }, 'x')
  t.equal(late.status, 409)
  t.match(late.headers, { [VOTE_HEADER]: 'no', [BALLOT_HEADER]: ballot(9) })
  await put(server, 10, 'plain')
  const moved = await propose(server, { at: 11, candidate: candidate(12), base: second(9) }, 'x')
  t.equal(moved.headers[VOTE_HEADER], 'no')
  t.equal((await propose(server, { at: 11, candidate: candidate(12), base: second(10) }, 'x')).status, 202)
  t.equal((await propose(server, { at: 5, candidate: candidate(12) }, 'x')).headers[VOTE_HEADER], 'silent')
  t.equal((await put(server, 11, 'too early')).status, 409)
  await server.device.close()
})

await t.test('a candidate is carried to a replica that lacks its body', async (t) => {
  const [holder, other] = [await startTestServer(), await startTestServer()]
  const proposal = { at: 5, candidate: candidate(6) }
  await propose(holder, proposal, 'hello', {
    'x-object-meta-a': 'b',
    'x-object-sysmeta-c': 'd',
    'content-encoding': 'gzip',
  })
  const carried: Proposal = { ...proposal, at: 9, mode: 'chosen' }
  const lacking = await send(other, 'ACCEPT', { headers: headersOf(carried) })
  t.equal(lacking.headers[VOTE_HEADER], 'body')
  t.equal((await send(holder, 'ACCEPT', { headers: headersOf(carried) })).status, 202)
  const candidateHeader = { [CANDIDATE_HEADER]: proposal.candidate.id }
  t.equal((await send(other, 'GET', { headers: candidateHeader })).status, 404)
  const read = await send(holder, 'GET', { headers: candidateHeader })
  t.equal(read.text, 'hello')
  const stored = Object.fromEntries(
    Object.entries(read.headers).filter(([name]) => !name.startsWith('x-backend-martlet')),
  ) as Record<string, string>
  t.equal((await propose(other, carried, read.text, stored)).status, 202)
  for (const server of [holder, other]) {
    t.equal((await send(server, 'COMMIT', { headers: headersOf(carried) })).status, 201)
  }
  const [one, two] = [await send(holder, 'GET'), await send(other, 'GET')]
  t.same(two.headers, one.headers)
  t.match(two.headers, { 'x-object-meta-a': 'b', 'x-object-sysmeta-c': 'd', 'content-encoding': 'gzip' })
  t.equal(two.text, 'hello')
  await holder.device.close()
  await other.device.close()
})

await t.test('a removal is proposed without a body', async (t) => {
  const server = await startTestServer()
  await put(server, 1, 'x')
  const proposal = { at: 5, candidate: candidate(6, 'tombstone'), base: second(1) }
  t.equal((await send(server, 'ACCEPT', { headers: headersOf(proposal) })).status, 202)
  t.equal((await send(server, 'GET')).text, 'x')
  t.equal((await send(server, 'COMMIT', { headers: { ...headersOf(proposal), ...ROWS } })).status, 201)
  t.match(server.containers.rows, [{ method: 'DELETE', headers: { 'x-timestamp': at(6) } }])
  t.equal((await send(server, 'GET')).status, 404)
  await server.device.close()
})

await t.test('a commit of what was never accepted is refused, and nonsense too', async (t) => {
  const server = await startTestServer()
  const proposal = { at: 5, candidate: candidate(6) }
  t.equal((await send(server, 'COMMIT', { headers: headersOf(proposal) })).status, 404)
  t.equal((await send(server, 'COMMIT', { headers: { 'x-timestamp': at(6) } })).status, 400)
  const other = { ...headersOf(proposal), 'x-timestamp': at(7) }
  t.equal((await send(server, 'ACCEPT', { headers: other })).status, 400)
  t.equal((await send(server, 'PROMISE', { headers: { [BALLOT_HEADER]: 'x' } })).status, 400)
  t.equal((await send(server, 'GET', { headers: { [CANDIDATE_HEADER]: 'x' } })).status, 400)
  await server.device.close()
})
