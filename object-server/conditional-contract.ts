/** What the conditional writes of every `ObjectEngine` must do, as one suite (`engine-contract.ts` has the rest). */
import type { Test } from 'tap'
import {
  type Acceptance,
  type Ballot,
  ballotOf,
  type Candidate,
  candidateIdOf,
  NONCE_BYTES,
  timeOf,
} from '#base/ballot.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { AcceptMode } from './acceptor.ts'
import type { Accepted, Committed } from './conditional.ts'
import type { DiskFailed, ObjectEngine } from './engine.ts'
import { bodyOf, look, md5, NAME, post, putObject, remove, second, update } from './engine-contract.ts'

const nonce = (number: number): Buffer => Buffer.alloc(NONCE_BYTES, number)

/** The ballot of a second, of one of several proposers. */
export function ballot(seconds: number, proposer = 1): Ballot {
  return ballotOf(second(seconds), nonce(proposer))
}

export function candidate(seconds: number, kind: Candidate['kind'] = 'data', proposer = 1): Candidate {
  return { id: candidateIdOf(second(seconds), nonce(proposer)), kind }
}

export interface Proposal {
  readonly at: number
  readonly candidate: Candidate
  readonly base?: Timestamp
  readonly mode?: AcceptMode
}

export function acceptanceOf({ at, candidate: one, base = ZERO_TIMESTAMP }: Proposal): Acceptance {
  return { ballot: ballot(at), candidate: one, base }
}

/** Brings the body of a candidate. */
export async function stage(
  engine: ObjectEngine,
  one: Candidate,
  body: string,
  name = NAME,
): Promise<string> {
  const writer = engine.beginWrite(name, { hashing: 'md5' })
  if ((await writer.write(Buffer.from(body))) !== undefined) return 'not written'
  const request = { candidate: one.id, etag: md5(body), contentType: 'text/plain', headers: {} }
  return (await writer.stage(request)).kind
}

export function accept(engine: ObjectEngine, proposal: Proposal): Promise<Accepted | DiskFailed> {
  const { mode = 'proposed' } = proposal
  return engine.conditional.accept(NAME, { acceptance: acceptanceOf(proposal), mode })
}

export function commit(engine: ObjectEngine, proposal: Proposal): Promise<Committed | DiskFailed> {
  const rows = [update('o', timeOf(proposal.candidate.id))]
  return engine.conditional.commit(NAME, { acceptance: acceptanceOf(proposal), updates: () => rows })
}

export async function conditionalContract(t: Test, create: () => Promise<ObjectEngine>): Promise<void> {
  const test = async (
    name: string,
    body: (t: Test, engine: ObjectEngine) => Promise<void>,
  ): Promise<void> => {
    await t.test(name, async (t) => {
      const engine = await create()
      await body(t, engine)
      await engine.close()
    })
  }

  await test('a promise says what is there, and no earlier ballot is heard after it', async (t, engine) => {
    await putObject(engine, second(1), 'x')
    const promised = await engine.conditional.promise(NAME, ballot(5))
    t.match(promised, { kind: 'promised', record: { promised: ballot(5) }, object: { etag: md5('x') } })
    t.match(await engine.conditional.promise(NAME, ballot(4)), {
      kind: 'outvoted',
      record: { promised: ballot(5) },
    })
    t.match(await engine.conditional.promise(NAME, ballot(5)), { kind: 'promised' }, 'said twice is once')
    const one = candidate(6)
    await stage(engine, one, 'y')
    t.match(await accept(engine, { at: 4, candidate: one, base: second(1) }), { kind: 'outvoted' })
    t.match(await engine.conditional.promise(NAME, undefined), { kind: 'told', object: { etag: md5('x') } })
  })

  await test('an accepted candidate is seen by nobody before it is committed', async (t, engine) => {
    const one = candidate(6)
    await engine.conditional.promise(NAME, ballot(5))
    t.equal(await stage(engine, one, 'pending'), 'staged')
    t.match(await accept(engine, { at: 5, candidate: one }), { kind: 'accepted' })
    t.same(await look(engine), { kind: 'missing' })
    t.equal(engine.digestBelow('').count, 0)
    t.equal(await engine.updates.count(), 0)
    t.match(await engine.conditional.promise(NAME, ballot(7)), {
      record: { accepted: acceptanceOf({ at: 5, candidate: one }) },
    })
    t.match(await commit(engine, { at: 5, candidate: one }), { kind: 'changed', before: undefined })
    t.equal(await bodyOf(engine), 'pending')
    t.match(await look(engine), { object: { timestamp: second(6), etag: md5('pending') } })
    t.equal(engine.digestBelow('').count, 1)
    t.equal((await engine.updates.list(10)).length, 1, 'the row is queued with it')
    t.same(await commit(engine, { at: 5, candidate: one }), { kind: 'known' }, 'twice is once')
    const { record } = (await engine.conditional.promise(NAME, undefined)) as never as {
      record: { accepted: unknown; committed: unknown }
    }
    t.equal(record.accepted, undefined)
    t.match(record.committed, { candidate: one })
  })

  await test('without its body a candidate is not accepted', async (t, engine) => {
    t.match(await accept(engine, { at: 5, candidate: candidate(6) }), { kind: 'body_needed' })
    t.same(await commit(engine, { at: 5, candidate: candidate(6) }), { kind: 'unknown' })
    await stage(engine, candidate(6), 'x')
    t.match(await accept(engine, { at: 5, candidate: candidate(6) }), { kind: 'accepted' })
  })

  await test('what moved since the condition was judged is noticed, but does not stop what was chosen', async (t, engine) => {
    await putObject(engine, second(3), 'in between')
    const one = candidate(6)
    await stage(engine, one, 'x')
    t.match(await accept(engine, { at: 5, candidate: one }), { kind: 'moved' })
    t.match(await accept(engine, { at: 5, candidate: one, base: second(3) }), { kind: 'accepted' })
    t.match(await accept(engine, { at: 8, candidate: one, mode: 'chosen' }), { kind: 'accepted' })
  })

  await test('a later ballot puts another candidate in the place of the first', async (t, engine) => {
    const [first, second_] = [candidate(6), candidate(7)]
    await stage(engine, first, 'first')
    await stage(engine, second_, 'second')
    await accept(engine, { at: 5, candidate: first })
    await accept(engine, { at: 8, candidate: second_ })
    t.same(await commit(engine, { at: 5, candidate: first }), { kind: 'unknown' })
    t.match(await commit(engine, { at: 8, candidate: second_ }), { kind: 'changed' })
    t.equal(await bodyOf(engine), 'second')
  })

  await test('a chosen candidate does not come back over what is newer', async (t, engine) => {
    const one = candidate(6)
    await stage(engine, one, 'x')
    await accept(engine, { at: 5, candidate: one })
    t.equal((await remove(engine, second(9))).kind, 'changed')
    t.same(await commit(engine, { at: 5, candidate: one }), { kind: 'superseded' })
    t.same(await look(engine), { kind: 'deleted', timestamp: second(9) })
    t.same(await commit(engine, { at: 5, candidate: one }), { kind: 'known' })
  })

  await test('no plain write slips in before a candidate that was accepted', async (t, engine) => {
    const one = candidate(6)
    await putObject(engine, second(1), 'old')
    await stage(engine, one, 'x')
    await accept(engine, { at: 5, candidate: one, base: second(1) })
    t.same(await putObject(engine, second(6), 'y'), { kind: 'newer_exists', timestamp: second(6) })
    t.same(await remove(engine, second(5)), { kind: 'newer_exists', timestamp: second(6) })
    t.equal((await post(engine, second(4), { 'x-object-meta-a': 'b' })).kind, 'changed')
    t.equal((await putObject(engine, second(7), 'later', { name: '/a/c/other' })).kind, 'changed')
    t.equal((await putObject(engine, second(7), 'later')).kind, 'changed')
    t.same(await commit(engine, { at: 5, candidate: one }), { kind: 'superseded' })
    t.equal(await bodyOf(engine), 'later')
    t.equal((await putObject(engine, second(8), 'latest')).kind, 'changed')
  })

  await test('a removal can be a candidate too', async (t, engine) => {
    await putObject(engine, second(1), 'x')
    const gone = candidate(6, 'tombstone')
    t.match(await accept(engine, { at: 5, candidate: gone, base: second(1) }), { kind: 'accepted' })
    t.equal(await bodyOf(engine), 'x')
    const outcome = await commit(engine, { at: 5, candidate: gone })
    t.match(outcome, { kind: 'changed', before: { etag: md5('x') }, after: undefined })
    t.same(await look(engine), { kind: 'deleted', timestamp: second(6) })
  })

  await test('the body of a candidate can be read by who must bring it to others', async (t, engine) => {
    const one = candidate(6)
    t.same(await engine.conditional.open(NAME, one.id), { kind: 'unknown' })
    await stage(engine, one, 'pending')
    const opened = await engine.conditional.open(NAME, one.id)
    if (opened.kind !== 'open') return void t.fail(opened.kind)
    t.match(opened.object, { etag: md5('pending'), dataTimestamp: second(6), contentType: 'text/plain' })
    const pieces: Buffer[] = []
    for await (const piece of opened.content.stream(0, 7)) pieces.push(piece)
    opened.content.close()
    t.equal(Buffer.concat(pieces).toString(), 'pending')
    t.same(await engine.conditional.open('/a/c/other', one.id), { kind: 'unknown' })
  })
}
