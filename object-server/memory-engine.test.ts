import t from 'tap'
import { conditionalContract } from './conditional-contract.ts'
import { engineContract } from './engine-contract.ts'
import { MemoryEngine } from './memory-engine.ts'

const create = async (): Promise<MemoryEngine> => new MemoryEngine({ prefix: 'a', suffix: 'b' })

await t.test('the engine in memory', (t) => engineContract(t, create))
await t.test('its conditional writes', (t) => conditionalContract(t, create))
