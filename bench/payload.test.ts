import { createHash } from 'node:crypto'
import t from 'tap'
import { matches, payloadOf } from './payload.ts'

t.test('a small payload matches itself, in any pieces, and nothing else', async (t) => {
  const payload = payloadOf(7, 4096)
  t.equal(payload.block.length, 4096)
  t.equal(payload.md5, createHash('md5').update(payload.block).digest('hex'))
  t.ok(matches(payload, payload.block.subarray(0, 100), 0))
  t.ok(matches(payload, payload.block.subarray(100), 100))
  t.notOk(matches(payload, payload.block.subarray(100), 99))
  t.notOk(matches(payload, payloadOf(8, 4096).block, 0))
  t.notOk(matches(payload, Buffer.concat([payload.block, Buffer.from('x')]), 0))
})

t.test('a large payload matches across the edges of its block', async (t) => {
  const payload = payloadOf(0, 3 * 1024 * 1024)
  const whole = Buffer.concat([payload.block, payload.block, payload.block])
  t.equal(payload.md5, createHash('md5').update(whole).digest('hex'))
  t.ok(matches(payload, whole.subarray(1_000_000, 2_500_000), 1_000_000))
  whole[2_000_000] = (whole[2_000_000] ?? 0) ^ 1
  t.notOk(matches(payload, whole.subarray(1_000_000, 2_500_000), 1_000_000))
})
