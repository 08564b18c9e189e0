/** Records as a process has them that dies in the middle of what it does. */
import type { Records } from '../contract.ts'

/** Somebody who dies after so many writes: whatever is asked later does not come about. */
export function dyingAfter(writes: number, records: Records): Records {
  let left = writes
  const dead = { kind: 'unavailable', reason: 'dead' } as const
  return {
    of(kind) {
      const inner = records.of(kind)
      return {
        read: async (...asked) => (left <= 0 ? dead : inner.read(...asked)),
        list: async (...asked) => (left <= 0 ? dead : inner.list(...asked)),
        create: async (...asked) => ((left -= 1) < 0 ? dead : inner.create(...asked)),
        replace: async (...asked) => ((left -= 1) < 0 ? dead : inner.replace(...asked)),
        remove: async (...asked) => ((left -= 1) < 0 ? dead : inner.remove(...asked)),
      }
    },
  }
}
