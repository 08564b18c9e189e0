/** Long bodies in memory are given a little at a time, short ones whole. */
import t from 'tap'
import { readWhole } from '#http/message.ts'
import { slicedBody } from './sliced-body.ts'

t.test('a body has all its bytes, in pieces that a link has room for', async (t) => {
  for (const lengthBytes of [0, 1, 65_536, 65_537, 3_000_001]) {
    const bytes = Buffer.alloc(lengthBytes, 'body')
    const body = slicedBody(bytes)
    t.equal(body.lengthBytes, lengthBytes)
    for await (const piece of body) t.ok(piece.length <= 65_536)
    t.ok((await readWhole(slicedBody(bytes), lengthBytes)).equals(bytes))
  }
})
