import t from 'tap'
import { engineContract } from './engine-contract.ts'
import { MemoryEngine } from './memory-engine.ts'

await t.test('the engine in memory', (t) =>
  engineContract(t, async () => new MemoryEngine({ prefix: 'a', suffix: 'b' })),
)
