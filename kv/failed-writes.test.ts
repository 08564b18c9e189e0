import t from 'tap'
import { tellingOfFailedWrites } from './failed-writes.ts'
import { writeSynced } from './group-commit.ts'
import { MemoryKv } from './memory-kv.ts'

const operation = { type: 'del', key: Buffer.from('a') } as const

t.test('the first write that fails in each store is told of, and none to a closed one', async (t) => {
  const memory = new MemoryKv()
  const failed: string[] = []
  const engine = tellingOfFailedWrites(memory, (path, error) => failed.push(`${path}: ${error}`))
  const [state, index] = [await engine.open('/state'), await engine.open('/index')]
  const closed = await engine.open('/closed')
  await writeSynced(state, [operation])
  t.same(failed, [])
  memory.breakWrites('/state', new Error('no space'))
  await t.rejects(writeSynced(state, [operation]), { message: 'no space' })
  await t.rejects(writeSynced(state, [operation]), { code: 'LEVEL_WRITES_REFUSED' })
  await writeSynced(index, [operation])
  await closed.close()
  await t.rejects(writeSynced(closed, [operation]), { code: 'LEVEL_DATABASE_NOT_OPEN' })
  t.same(failed, ['/state: Error: no space'])
})
