/** Fills containers of a cluster by its devices' own engines: a million entries in a minute, where uploads take a night. */
import { fillDevices } from './fill-devices.ts'
import { startMartlet } from './martlet-cluster.ts'
import { SwiftSession } from './swift-session.ts'

/** Devices that are filled at a time. */
const PARALLEL = 2

export interface FilledCluster {
  readonly data: string
  readonly port: number
  readonly user: string
  readonly key: string
  readonly account: string
  /** Options of `fill-device.ts` by container. */
  readonly containers: Readonly<Record<string, readonly string[]>>
}

/** Makes the containers, stops the cluster, and fills them; the data folder is then one to start on. */
export async function fillCluster(filling: FilledCluster): Promise<void> {
  const { data, port, user, key, account, containers } = filling
  const cluster = await startMartlet({ port, data })
  const session = await SwiftSession.open({ url: cluster.url, user, key })
  for (const container of Object.keys(containers)) await session.makeContainer(container)
  await cluster.stop()
  for (const [container, args] of Object.entries(containers)) {
    const begunMs = performance.now()
    await fillDevices({ data, account, container, parallel: PARALLEL, args })
    console.log(`${container} filled in ${((performance.now() - begunMs) / 1000).toFixed(0)} s`)
  }
}
