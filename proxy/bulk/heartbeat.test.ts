import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { BodyStream } from '#http/message.ts'
import { answerInTime, type LongWork } from './heartbeat.ts'

interface Begun {
  readonly clock: VirtualClock
  readonly finish: (report: string) => void
  readonly pieces: AsyncIterator<Buffer>
  readonly body: BodyStream
  readonly aborted: () => boolean
}

async function begin(afterMs: number, type: LongWork['type'] = 'application/json'): Promise<Begun> {
  const clock = new VirtualClock()
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  let heard: AbortSignal | undefined
  const answering = answerInTime({
    clock,
    everyMs: 10_000,
    type,
    signal: undefined,
    work: (signal) => {
      heard = signal
      return promise
    },
  })
  const finish = (report: string): void => resolve(Buffer.from(report))
  if (afterMs === 0) finish('done')
  else await clock.advance(afterMs)
  const { status, headers, body } = await answering
  t.equal(status, 200)
  t.equal(headers['content-length'], undefined)
  const stream = body as BodyStream
  return {
    clock,
    finish,
    pieces: stream[Symbol.asyncIterator](),
    body: stream,
    aborted: () => heard?.aborted === true,
  }
}

t.test('what is done in time is the whole answer', async (t) => {
  const { pieces } = await begin(0)
  t.equal(String((await pieces.next()).value), 'done')
  t.equal((await pieces.next()).done, true)
})

t.test('what takes longer is announced by blanks', async (t) => {
  const { pieces, clock, finish } = await begin(10_000)
  t.equal(String((await pieces.next()).value), ' ')
  const second = pieces.next()
  await clock.advance(10_000)
  t.equal(String((await second).value), ' ')
  finish('{}')
  t.equal(String((await pieces.next()).value), '\r\n\r\n{}')
  t.equal((await pieces.next()).done, true)
})

t.test('XML begins with its declaration, which only blanks may follow', async (t) => {
  const { pieces, finish } = await begin(10_000, 'application/xml')
  t.equal(String((await pieces.next()).value), '<?xml version="1.0" encoding="UTF-8"?>\n')
  finish('<extract/>')
  t.equal(String((await pieces.next()).value), '\r\n\r\n<extract/>')
})

t.test('a client that goes away ends the work', async (t) => {
  const { body, finish, aborted } = await begin(10_000)
  t.notOk(aborted())
  const cancelled = body.cancel()
  t.ok(aborted())
  finish('nobody reads it')
  await cancelled
})
