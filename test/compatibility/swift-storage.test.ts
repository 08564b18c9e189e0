/** Our proxy before Swift's account, container and object servers. */
import { join } from 'node:path'
import t from 'tap'
import { takePlace } from '#test/place.ts'
import { announcements } from './announcements.ts'
import { askApi } from './api-script.ts'
import { useClient } from './client-script.ts'
import { useVersionsAndLinks } from './features-script.ts'
import { importedRings, startOurProxy } from './our-side.ts'
import { haveRealSwift, startRealSwift } from './real-swift.ts'
import { useShardedContainer } from './sharded-container.ts'

t.setTimeout(600_000)

t.test("our proxy before Swift's storage servers", async (t) => {
  if (!haveRealSwift(t)) return
  const place = takePlace()
  t.teardown(() => place.release())
  const swift = await startRealSwift(t, place, { servers: 'storage' })
  const url = await startOurProxy(t, await importedRings(t, swift.etcFolder), place.internalPort)
  const settle = (): Promise<string> =>
    swift.run('swift-container-updater', [join(swift.etcFolder, 'container-server.conf'), '--once'])
  await t.test('python-swiftclient', (t) => useClient(t, url, settle))
  await t.test('the API', (t) => askApi(t, url, settle))
  await useVersionsAndLinks(t, url)
  await t.test('what is weaker is announced', (t) => announcements(t, url))
  await t.test('a container that Swift splits', (t) => useShardedContainer(t, url, swift))
})
