/** Whom a device fetches from when it is asked to. */
import t from 'tap'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { bufferBody, ownRequest } from '#http/message.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { openTestService } from '../test-service.ts'
import { encodeFetch, SYNC_METHOD } from './messages.ts'

const NO_REPAIRS = { repair: async () => 'failed' as const, hurry: () => {}, spread: () => {} }
const FROM = { host: '10.0.0.9', port: 6200, device: 'sdz' }

t.test('who was taken out of the ring is fetched from when it asks for it itself', async (t) => {
  const service = await openTestService(new MemoryDisk(), new MemoryKv(), {
    isPeer: (_policy, { host }) => host === '10.0.0.1',
    repairs: NO_REPAIRS,
  })
  const body = encodeFetch({ partition: { partPower: 8, partition: 1 }, from: FROM, entries: [] })
  const asked = async (remoteAddress: string): Promise<number> => {
    const request = ownRequest({
      method: SYNC_METHOD,
      path: '/sda/sync/0/fetch',
      body: bufferBody(body),
      remoteAddress,
    })
    return (await service.handler(request)).status
  }
  t.equal(await asked(''), 403)
  t.equal(await asked('10.0.0.1'), 403, 'another may not send us there')
  t.equal(await asked('10.0.0.9'), 200)
  t.equal(await asked('::ffff:10.0.0.9'), 200)
  await service.close()
})
