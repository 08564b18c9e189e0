/** `martlet image sweep` and `martlet image rebuild`: the registry of a cluster, put right from outside. */
import { silentLogger } from '#base/log.ts'
import { createRegistry } from '#images/create-registry.ts'
import { rebuild } from '#images/data/rebuild.ts'
import { sweep } from '#images/data/sweeper.ts'
import { DEFAULT_IMAGE_OPTIONS } from '#images/options.ts'
import type { Registry } from '#images/registry.ts'
import { realEnvironment } from '#node/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { ClusterAccess, type ClusterArguments } from './cluster-access.ts'
import { amount } from './readable.ts'
import { complain, say, warn } from './report.ts'

const CONTEXT: OperationContext = { txId: 'images', signal: undefined, log: silentLogger }

/** Says what was put right. Exit code 1 when the cluster cannot be asked. */
export async function sweepImages(args: ClusterArguments): Promise<void> {
  await withRegistry(args, async (registry) => {
    const swept = await sweep(registry, CONTEXT, 'now')
    const { givenUp, removedKeys, forgottenTasks, forgottenImages } = swept
    say(`uploads and imports given up: ${amount(givenUp)}`)
    say(`objects that share the bytes of an image no more: ${amount(swept.droppedReferences)}`)
    say(`objects that no image needs any more: ${amount(swept.releasedObjects)}`)
    say(`bytes that no image names, removed: ${amount(removedKeys)}`)
    say(`shares in blocks that no image has any more: ${amount(swept.freedBlocks)}`)
    if (swept.leftBytes > 0) {
      say(`places elsewhere whose bytes the proxies still have to remove: ${amount(swept.leftBytes)}`)
    }
    say(
      `old tasks forgotten: ${amount(forgottenTasks)}; deleted images forgotten: ${amount(forgottenImages)}`,
    )
  })
}

/** Says which images have a record again. Exit code 1 when some are not known. */
export async function rebuildImages(args: ClusterArguments): Promise<void> {
  await withRegistry(args, async (registry) => {
    const { made, unknown } = await rebuild(registry, CONTEXT)
    for (const { id, name } of made) say(`${id}  ${name ?? ''}`)
    say(`records made: ${amount(made.length)}`)
    for (const key of unknown) warn(`it is not known what image ${key} is`)
    if (unknown.length > 0) process.exitCode = 1
  })
}

async function withRegistry(
  args: ClusterArguments,
  work: (registry: Registry) => Promise<void>,
): Promise<void> {
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  const environment = realEnvironment()
  try {
    const store = await access.store(environment)
    const records = new ClusterRecords({ store, clock: environment.clock })
    const registry = createRegistry({
      environment,
      log: silentLogger,
      store,
      ownStore: store,
      records,
      fetch: () => Promise.reject(new Error('no images are fetched here')),
      options: DEFAULT_IMAGE_OPTIONS,
    })
    await work(registry)
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
  } finally {
    await access.close()
  }
}
