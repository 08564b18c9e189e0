import t from 'tap'
import { MemoryBudget } from '#cluster/memory-budget.ts'
import { BodyError, bufferBody, type RequestBody, readWhole } from '#http/message.ts'
import { takeBody } from './held-body.ts'

function streaming(chunks: readonly Buffer[], lengthBytes?: number, failure?: Error): RequestBody {
  return {
    lengthBytes,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield* chunks
      if (failure !== undefined) throw failure
    },
  }
}

const SMALL = [Buffer.from('ab'), Buffer.from('cd')]

t.test('a small body is held, whether its length was told or not, and its memory given back', async (t) => {
  const budget = new MemoryBudget()
  for (const body of [streaming(SMALL, 4), streaming(SMALL), bufferBody(Buffer.from('abcd'))]) {
    const taken = await takeBody(body, budget)
    t.match(taken, { kind: 'held' })
    if (taken.kind !== 'held') continue
    t.equal(String(taken.bytes), 'abcd')
    taken.share.release()
    taken.share.release()
  }
  t.equal(budget.usedBytes, 0)
})

t.test('a large body stays a stream, with nothing of it lost', async (t) => {
  const chunks = Array.from({ length: 5 }, (_, at) => Buffer.alloc(30_000, at))
  for (const lengthBytes of [150_000, undefined]) {
    const taken = await takeBody(streaming(chunks, lengthBytes), new MemoryBudget())
    t.match(taken, { kind: 'stream' })
    if (taken.kind === 'stream') t.ok((await readWhole(taken.body, 200_000)).equals(Buffer.concat(chunks)))
  }
})

t.test('when the memory for held bodies is used up a small one is streamed', async (t) => {
  const budget = new MemoryBudget(10)
  const first = await takeBody(streaming([Buffer.from('123456')], 6), budget)
  t.match(first, { kind: 'held' })
  t.match(await takeBody(streaming(SMALL, 6), budget), { kind: 'stream' })
  if (first.kind === 'held') first.share.release()
  t.match(await takeBody(streaming([Buffer.from('123456')], 6), budget), { kind: 'held' })
})

t.test('what the client does wrong is told, and its memory given back', async (t) => {
  const budget = new MemoryBudget()
  t.match(await takeBody(streaming(SMALL, 5), budget), { kind: 'client_gone' })
  t.match(await takeBody(streaming(SMALL, 9, new BodyError('SENDER_GONE')), budget), { kind: 'client_gone' })
  t.match(await takeBody(streaming(SMALL, 9, new BodyError('SENDER_TIMEOUT')), budget), {
    kind: 'client_timeout',
  })
  t.match(await takeBody(streaming(SMALL, 9, new BodyError('BODY_TOO_LARGE')), budget), { kind: 'too_large' })
  await t.rejects(takeBody(streaming(SMALL, 9, new Error('our own bug')), budget), /our own bug/)
  t.equal(budget.usedBytes, 0)
})
