/** A download that breaks goes on; one that gives nothing in several tries ends. */
import t from 'tap'
import { type BodyStream, readWhole } from '#http/message.ts'
import type { BytesRead } from '../data/image-store.ts'
import { resumedRead } from './resumed-read.ts'

const WHOLE = Buffer.from('the bytes of an image')

/** Bytes from a position on, which break off after so many. */
function from(position: number, breaksAfter: number): BodyStream {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield WHOLE.subarray(position, position + breaksAfter)
      if (position + breaksAfter < WHOLE.length) throw new Error('broken')
    },
  }
}

function found(body: BodyStream): BytesRead {
  return { kind: 'found', sizeBytes: WHOLE.length, body }
}

const RANGE = { start: 0, end: WHOLE.length }

t.test('it goes on at the byte that was reached, however often it breaks', async (t) => {
  const body = resumedRead(from(0, 3), RANGE, async ({ start }) => found(from(start, 2)))
  t.ok((await readWhole(body, 100)).equals(WHOLE))
})

t.test('a store that is away for a while is waited for', async (t) => {
  const pauses: number[] = []
  const patience = { breaksMax: 4, pause: async (breaks: number) => void pauses.push(breaks) }
  const reopen = async ({ start }: { readonly start: number }): Promise<BytesRead> =>
    pauses.length < 3 ? { kind: 'unavailable', reason: 'busy' } : found(from(start, 100))
  t.ok((await readWhole(resumedRead(from(0, 3), RANGE, reopen, patience), 100)).equals(WHOLE))
  t.same(pauses, [1, 2, 3])
  pauses.length = 0
  const away = async (): Promise<BytesRead> => ({ kind: 'unavailable', reason: 'gone for good' })
  await t.rejects(readWhole(resumedRead(from(0, 3), RANGE, away, patience), 100), /gone for good/)
  t.same(pauses, [1, 2, 3, 4])
})

t.test('nothing is opened for a reader who went away', async (t) => {
  let opened = 0
  const body: BodyStream = resumedRead(from(0, 3), RANGE, async ({ start }) => {
    opened += 1
    await body.cancel()
    return found(from(start, 2))
  })
  await t.rejects(readWhole(body, 100))
  t.equal(opened, 1)
})
