/** Swift's proxy, with its usual pipeline, before our account, container and object servers. */
import { join } from 'node:path'
import t from 'tap'
import { askApi } from './api-script.ts'
import { useClient } from './client-script.ts'
import { expire } from './expirer.ts'
import { useFeatures } from './features-script.ts'
import { ourRings, startOurProxy, startOurStorage } from './our-side.ts'
import { haveRealSwift, startRealSwift } from './real-swift.ts'
import { readAcross } from './two-proxies.ts'

t.setTimeout(120_000)

const PLACE = { name: 'swift-proxy', port: 18380, backendPort: 16500 }
const FIRST_STORAGE_PORT = 16510
const INTERNAL_PORT = 16523

/** Our storage servers report by themselves. */
const settled = (): Promise<void> => Promise.resolve()

t.test("Swift's proxy before our storage servers", async (t) => {
  if (!haveRealSwift(t)) return
  const rings = await ourRings(t, FIRST_STORAGE_PORT)
  const [swift, ourUrl] = await Promise.all([
    startRealSwift(t, PLACE, { servers: 'proxy', rings }),
    startOurStorage(t, rings).then(() => startOurProxy(t, rings, INTERNAL_PORT)),
  ])
  await t.test('python-swiftclient', (t) => useClient(t, swift.url, settled))
  await t.test('the API', (t) => askApi(t, swift.url, settled))
  await t.test('features', (t) => useFeatures(t, swift.url))
  await t.test('both proxies', (t) => readAcross(t, swift.url, ourUrl))
  await t.test("Swift's expirer", (t) => {
    const conf = join(swift.etcFolder, 'object-expirer.conf')
    return expire(t, swift.url, () => swift.run('swift-object-expirer', [conf, '--once']))
  })
})
