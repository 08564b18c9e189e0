/** Copies that wait to be made good, and partitions that are done first. */
import t from 'tap'
import { RepairQueue } from './repair-queue.ts'

const COPY = { policyIndex: 0, hash: 'a'.repeat(32) }

t.test('who asks twice for a copy waits for the same repair', async (t) => {
  const queue = new RepairQueue()
  const first = queue.repair(COPY)
  t.equal(queue.repair(COPY), first)
  t.same(queue.copies(0), [COPY])
  t.same(queue.copies(1), [])
  queue.settle(COPY, 'healed')
  t.equal(await first, 'healed')
  t.equal(queue.waiting, 0)
  t.not(queue.repair(COPY), first)
})

t.test('what waits wakes the worker, also what came before it listened', async (t) => {
  const queue = new RepairQueue()
  queue.hurry(0, 7)
  let woken = 0
  queue.onUrgent(() => {
    woken += 1
  })
  t.equal(woken, 1)
  queue.hurry(0, 7)
  t.equal(woken, 1, 'it is known already')
  void queue.repair(COPY)
  t.equal(woken, 2)
  t.same([...queue.takePartitions(0)], [7])
  t.same([...queue.takePartitions(0)], [])
})

t.test('what is to be spread waits once, and is taken once', async (t) => {
  const queue = new RepairQueue()
  let woken = 0
  queue.spread(COPY)
  queue.onUrgent(() => {
    woken += 1
  })
  queue.spread(COPY)
  t.equal(woken, 1)
  t.same(queue.takeSpreads(1), [])
  t.same(queue.takeSpreads(0), [COPY])
  t.same(queue.takeSpreads(0), [])
})

t.test('the queue is bounded; what does not fit is left to the sweeps', async (t) => {
  const queue = new RepairQueue()
  for (let index = 0; index < 10_000; index += 1) {
    void queue.repair({ policyIndex: 0, hash: index.toString(16).padStart(32, '0') })
  }
  t.equal(await queue.repair(COPY), 'failed')
  t.equal(queue.waiting, 10_000)
})
