import t from 'tap'
import { KeyedLock } from './keyed-lock.ts'

t.test('who asks for several keys has them all at once, in the order of asking', async (t) => {
  const lock = new KeyedLock()
  const order: string[] = []
  const free = Promise.withResolvers<void>()
  const step = (name: string) => async (): Promise<void> => {
    order.push(name)
    await new Promise(setImmediate)
    order.push(`${name} ends`)
  }
  const all = [
    lock.run('a', async () => {
      await free.promise
      await step('a')()
    }),
    lock.runAll(['a', 'b'], step('a and b')),
    lock.runAll(['b', 'c', 'a'], step('b, c and a')),
    lock.run('c', step('c')),
    lock.run('d', step('d')),
  ]
  await lock.run('d', async () => {})
  t.same(order, ['d', 'd ends'], 'another key does not wait')
  free.resolve()
  await Promise.all(all)
  const rest = ['a', 'a ends', 'a and b', 'a and b ends', 'b, c and a', 'b, c and a ends', 'c', 'c ends']
  t.same(order.slice(2), rest)
})

t.test('what fails lets the next one go on', async (t) => {
  const lock = new KeyedLock()
  const failing = lock.runAll(['a', 'b'], () => Promise.reject(new Error('no')))
  const next = lock.runAll(['b', 'c'], async () => 'done')
  await t.rejects(failing, /no/)
  t.equal(await next, 'done')
  t.equal(await lock.runAll([], async () => 'nothing to wait for'), 'nothing to wait for')
})
