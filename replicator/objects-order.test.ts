/** What is done first. */
import t from 'tap'
import { inOrder, type PartitionTask } from './objects-order.ts'

function task(partition: number, more: Partial<PartitionTask> = {}): PartitionTask {
  return { partition, kind: 'make_equal', goodCopies: 3, replicas: 3, urgency: 'usual', ...more }
}

t.test('too few good copies come first, the fewest before all, then the rest', async (t) => {
  const tasks = [
    task(1),
    task(2, { kind: 'hand_over' }),
    task(3, { goodCopies: 2 }),
    task(4, { goodCopies: 1 }),
    task(5, { urgency: 'hurried' }),
  ]
  t.same(
    inOrder(tasks, 'roomy').map(({ partition }) => partition),
    [5, 4, 3, 1, 2],
  )
  t.same(
    inOrder(tasks, 'full').map(({ partition }) => partition),
    [5, 4, 3, 2, 1],
    'a full disk makes room before it takes anything',
  )
})
