/**
 * Answers that may be long in coming, to copies and to the joining of parts: when they are not there after a while, 200 and
 * the beginning of a document go out, then blanks, so that nobody on the way takes the connection for dead. What goes
 * wrong afterwards is an error in the body, which S3's clients look for there.
 */
import type { Clock, Timer } from '#base/environment.ts'
import type { BodyStream, Response } from '#http/message.ts'
import { isS3Error, type S3Error } from './error.ts'
import { errorAnswer } from './error-answer.ts'
import type { S3Visit } from './operation.ts'
import { DECLARATION, XML_TYPE } from './xml-writer.ts'

/** When the first sign of life is due, and each after it, milliseconds: well within a client's usual minute. */
const SIGN_OF_LIFE_MS = 10_000

/** The answer as it is when the work is done in time, else one whose body tells later. Never rejects. */
export async function answerInTime(
  visit: S3Visit,
  work: () => Promise<Response | S3Error>,
): Promise<Response | S3Error> {
  const { clock } = visit.deps
  const done = work()
  const early = await orBeat(done, clock)
  if (early !== undefined) return early
  const pieces = signsOfLife(done, visit)
  const body: BodyStream = {
    [Symbol.asyncIterator]: () => pieces,
    cancel: async () => {
      await pieces.return(undefined)
    },
  }
  return { status: 200, headers: { 'content-type': XML_TYPE }, body }
}

async function* signsOfLife(
  done: Promise<Response | S3Error>,
  { deps, request, transaction }: S3Visit,
): AsyncGenerator<Buffer> {
  yield Buffer.from(DECLARATION)
  let result = await orBeat(done, deps.clock)
  for (; result === undefined; result = await orBeat(done, deps.clock)) yield Buffer.from(' ')
  const { body } = isS3Error(result) ? errorAnswer(result, request.resource, transaction.txId) : result
  if (Buffer.isBuffer(body)) yield body.subarray(DECLARATION.length)
}

/** The result, or `undefined` when it is time for a sign of life. */
async function orBeat<Result>(done: Promise<Result>, clock: Clock): Promise<Result | undefined> {
  const beat = Promise.withResolvers<undefined>()
  const timer: Timer = clock.setTimer(SIGN_OF_LIFE_MS, () => beat.resolve(undefined))
  try {
    return await Promise.race([done, beat.promise])
  } finally {
    timer.cancel()
  }
}
