/** Swift's proxy, with its usual pipeline, before our account, container and object servers. */
import t from 'tap'
import { askApi } from './api-script.ts'
import { useClient } from './client-script.ts'
import { ourRings, startOurStorage } from './our-side.ts'
import { haveRealSwift, startRealSwift } from './real-swift.ts'

t.setTimeout(120_000)

const PLACE = { name: 'swift-proxy', port: 18380, backendPort: 16500 }
const FIRST_STORAGE_PORT = 16510

/** Our storage servers report by themselves. */
const settled = (): Promise<void> => Promise.resolve()

t.test("Swift's proxy before our storage servers", async (t) => {
  if (!haveRealSwift(t)) return
  const rings = await ourRings(t, FIRST_STORAGE_PORT)
  const [swift] = await Promise.all([
    startRealSwift(t, PLACE, { servers: 'proxy', rings }),
    startOurStorage(t, rings),
  ])
  await t.test('python-swiftclient', (t) => useClient(t, swift.url, settled))
  await t.test('the API', (t) => askApi(t, swift.url, settled))
})
