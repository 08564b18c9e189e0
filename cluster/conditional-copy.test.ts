/** Another's candidate on its way from primary 0, which has its body, to primary 1, which lacks it. */
import { hash } from 'node:crypto'
import t from 'tap'
import { type CandidateId } from '#base/ballot.ts'
import { CANDIDATE_HEADER, REPLICA_STATE_HEADER, VOTE_HEADER } from '#base/extensions.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { type BodyStream, type Response, readWhole } from '#http/message.ts'
import { TransportError } from '#http/transport.ts'
import { copyCandidate } from './conditional-copy.ts'
import type { NodeVote } from './conditional-messages.ts'
import { FakeNodes } from './testing/fake-nodes.ts'

const CANDIDATE = '1700000001.00000-candidate' as CandidateId
const BODY = Buffer.alloc(200_000, 'b')
const ETAG = hash('md5', BODY)

interface Copied {
  readonly nodes: FakeNodes
  readonly votes: readonly NodeVote[]
  /** What primary 1 got whole. */
  readonly stored: Buffer | undefined
}

/** `bodies`: what those who have the candidate answer, in the order in which they are asked. */
async function copied(...bodies: readonly (BodyStream | undefined)[]): Promise<Copied> {
  const nodes = new FakeNodes()
  const holders = bodies.map((_, at) => nodes.primary(at === 0 ? 0 : 2))
  for (const [at, holder] of holders.entries()) nodes.set(holder, answerWith(bodies[at]))
  let stored: Buffer | undefined
  nodes.set(nodes.primary(1), async ({ body }) => {
    body.sendContinue({})
    stored = await readWhole(body, 2 ** 30)
    return {
      status: 202,
      headers: { [REPLICA_STATE_HEADER]: 'synced', [VOTE_HEADER]: 'yes' },
      body: undefined,
    }
  })
  const { client, placement } = nodes
  const votes = await copyCandidate(
    {
      client,
      random: new SeededRandom(1),
      placement: placement.only([nodes.primary(1)]),
      path: '/a/c/o',
      headers: { 'x-trans-id': 'tx1' },
      needed: 1,
    },
    holders,
    CANDIDATE,
  )
  return { nodes, votes, stored }
}

function answerWith(body: BodyStream | undefined): Partial<Response> {
  if (body === undefined) return { status: 404 }
  const headers = { 'content-length': String(BODY.length), etag: `"${ETAG}"`, 'x-object-meta-a': 'b' }
  return { status: 200, headers, body }
}

function streamOf(pieces: readonly Buffer[], failure?: Error): BodyStream {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield* pieces
      if (failure !== undefined) throw failure
    },
  }
}

t.test('the body and all that is stored with it come from who has it', async (t) => {
  const { nodes, votes, stored } = await copied(undefined, streamOf([BODY]))
  t.match(votes, [{ node: nodes.primary(1), vote: 'yes', voter: true }])
  t.ok(stored?.equals(BODY))
  const [first, second, sent] = nodes.asked
  t.equal(first?.request.headers[CANDIDATE_HEADER], CANDIDATE)
  t.equal(second?.node, nodes.primary(2), 'the next is asked when one does not have it')
  t.match(sent?.request.headers, { 'x-object-meta-a': 'b', 'x-trans-id': 'tx1' })
})

t.test('when whoever has it dies under way nobody has voted, and it is no error of ours', async (t) => {
  const died = new TransportError('CONNECTION_LOST', { host: '10.0.0.1', port: 6200 })
  const { votes, stored } = await copied(streamOf([BODY.subarray(0, 1000)], died))
  t.match(votes, [{ node: undefined, vote: 'silent' }])
  t.equal(stored, undefined)
})
