import t from 'tap'
import { MemoryRecords } from './memory-records.ts'
import { recordsSuite } from './testing/records-suite.ts'

recordsSuite(t, async () => new MemoryRecords())
