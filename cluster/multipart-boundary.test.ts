import fc from 'fast-check'
import t from 'tap'
import { type BodyStream, readWhole } from '#http/message.ts'
import { skipBytes, withBoundary } from './multipart-boundary.ts'

function cut(bytes: Buffer, cuts: readonly number[]): BodyStream {
  const bounds = [0, ...cuts.toSorted((left, right) => left - right), bytes.length]
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (const [at, end] of bounds.slice(1).entries()) yield bytes.subarray(bounds[at], end)
    },
  }
}

const BODY = '--FROM\r\nContent-Range: x\r\n\r\nab--FRO\r\n\r\n--FROM\r\n\r\n--\r\n--FROM--'

t.test('a boundary is replaced by another, wherever the body is cut', async () => {
  const bytes = Buffer.from(BODY)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const replaced = await readWhole(withBoundary(cut(bytes, cuts), 'FROM', 'another'), 1000)
      return String(replaced) === BODY.replaceAll('--FROM', '--another')
    }),
  )
})

t.test('the first bytes are skipped, wherever the body is cut', async () => {
  const bytes = Buffer.from(BODY)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(bytes.length), { maxLength: 8 }),
      fc.nat(bytes.length),
      async (cuts, count) => {
        const rest = await readWhole(skipBytes(cut(bytes, cuts), count), 1000)
        return rest.equals(bytes.subarray(count))
      },
    ),
  )
})
