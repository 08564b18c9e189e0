/** Our proxy before Swift's account, container and object servers. */
import { join } from 'node:path'
import t from 'tap'
import { announcements } from './announcements.ts'
import { askApi } from './api-script.ts'
import { useClient } from './client-script.ts'
import { importedRings, startOurProxy } from './our-side.ts'
import { haveRealSwift, startRealSwift } from './real-swift.ts'
import { useShardedContainer } from './sharded-container.ts'

t.setTimeout(120_000)

const PLACE = { name: 'swift-storage', port: 18381, backendPort: 16530 }
const INTERNAL_PORT = 16540

t.test("our proxy before Swift's storage servers", async (t) => {
  if (!haveRealSwift(t)) return
  const swift = await startRealSwift(t, PLACE, { servers: 'storage' })
  const url = await startOurProxy(t, await importedRings(t, swift.etcFolder), INTERNAL_PORT)
  const settle = (): Promise<string> =>
    swift.run('swift-container-updater', [join(swift.etcFolder, 'container-server.conf'), '--once'])
  await t.test('python-swiftclient', (t) => useClient(t, url, settle))
  await t.test('the API', (t) => askApi(t, url, settle))
  await t.test('what is weaker is announced', (t) => announcements(t, url))
  await t.test('a container that Swift splits', (t) => useShardedContainer(t, url, swift))
})
