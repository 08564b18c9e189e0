import t from 'tap'
import { indexContract } from './index-contract.ts'
import { MemoryIndex } from './memory-index.ts'
import { objectRows } from './object-row.ts'

indexContract(t, { create: async () => new MemoryIndex(objectRows) })
