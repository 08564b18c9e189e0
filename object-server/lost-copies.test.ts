/** A copy that a reader finds bad or gone is asked for again at once, not at the next sweep. */
import t, { type Test } from 'tap'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import type { ObjectService } from './main.ts'
import type { CopyToRepair } from './replication/repairs.ts'
import { put, send } from './test-server.ts'
import { openTestService } from './test-service.ts'

function opened(disk: MemoryDisk, kv: MemoryKv, asked: CopyToRepair[]): Promise<ObjectService> {
  return openTestService(disk, kv, {
    isPeer: () => false,
    repairs: {
      repair: async (copy) => {
        asked.push(copy)
        return 'failed'
      },
      hurry: () => {},
      spread: () => {},
    },
  })
}

async function asksFor(t: Test, damage: (disk: MemoryDisk, path: string) => void): Promise<void> {
  const [disk, kv, asked] = [new MemoryDisk(), new MemoryKv(), [] as CopyToRepair[]]
  const before = await opened(disk, kv, asked)
  t.equal((await put(before, 1, 'precious')).status, 201)
  await before.close()
  const path = disk.files().find((file) => file.endsWith('.data')) ?? ''
  damage(disk, path)
  const after = await opened(disk, kv, asked)
  for (let again = 0; again < 2; again += 1) t.equal((await send(after, 'GET')).status, 404)
  t.same(asked, [{ policyIndex: 0, hash: path.split('/').at(-1)?.slice(0, 32) }])
  await after.close()
}

t.test('a damaged copy', (t) => asksFor(t, (disk, path) => disk.flipBit(path, 3)))

t.test('a copy whose file is gone', (t) => asksFor(t, (disk, path) => disk.lose(path)))
