/** Swift's proxy, with its usual pipeline, before our account, container and object servers. */
import { join } from 'node:path'
import t from 'tap'
import { takePlace } from '#test/place.ts'
import { askApi } from './api-script.ts'
import { useClient } from './client-script.ts'
import { expire } from './expirer.ts'
import { useFeatures } from './features-script.ts'
import { ourRings, startOurProxy, startOurStorage } from './our-side.ts'
import { haveRealSwift, startRealSwift } from './real-swift.ts'
import { readAcross } from './two-proxies.ts'
import { keepAcross } from './versions-across.ts'

t.setTimeout(600_000)

/** Our storage servers report by themselves. */
const settled = (): Promise<void> => Promise.resolve()

t.test("Swift's proxy before our storage servers", async (t) => {
  if (!haveRealSwift(t)) return
  const place = takePlace()
  t.teardown(() => place.release())
  const rings = await ourRings(t, place.storagePort)
  const [swift, ourUrl] = await Promise.all([
    startRealSwift(t, place, { servers: 'proxy', rings }),
    startOurStorage(t, rings).then(() => startOurProxy(t, rings, place.internalPort)),
  ])
  await t.test('python-swiftclient', (t) => useClient(t, swift.url, settled))
  await t.test('the API', (t) => askApi(t, swift.url, settled))
  await t.test('features', (t) => useFeatures(t, swift.url))
  await t.test('both proxies', (t) => readAcross(t, swift.url, ourUrl))
  await t.test('both proxies, versions and links', (t) => keepAcross(t, swift.url, ourUrl))
  await t.test("Swift's expirer", (t) => {
    const conf = join(swift.etcFolder, 'object-expirer.conf')
    return expire(t, swift.url, () => swift.run('swift-object-expirer', [conf, '--once']))
  })
})
