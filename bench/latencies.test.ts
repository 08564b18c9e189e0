import t from 'tap'
import { Latencies } from './latencies.ts'

t.test('quantiles stay within two per cent of the true value', async (t) => {
  const latencies = new Latencies()
  for (let micros = 1; micros <= 100_000; micros += 1) latencies.record(micros)
  for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
    const truth = (share * 100_000) / 1000
    const found = latencies.quantileMs(share)
    t.ok(Math.abs(found - truth) <= truth * 0.02, `${share}: ${found} is near ${truth}`)
  }
  t.equal(latencies.maxMicros, 100_000)
})

t.test('the sum of two is as if all had been recorded in one', async (t) => {
  const [left, right, both] = [new Latencies(), new Latencies(), new Latencies()]
  for (let at = 0; at < 1000; at += 1) {
    const micros = (at * 7919) % 50_021
    ;(at % 2 === 0 ? left : right).record(micros)
    both.record(micros)
  }
  left.add(right)
  t.same(left.counts, both.counts)
  t.equal(left.maxMicros, both.maxMicros)
})

t.test('nothing recorded gives zero', async (t) => {
  t.equal(new Latencies().quantileMs(0.99), 0)
})
