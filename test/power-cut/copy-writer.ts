/**
 * For `copies.test.ts`: copies of other replicas, several at a time, some of them again with a later version. Prints
 * `<object> <version>` when one is acknowledged.
 */
import { writeSync } from 'node:fs'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import { arrivedCopy, COPIES, VERSIONS } from './copies.ts'
import { openObjects } from './devices.ts'

const device = await openObjects(process.argv[2] ?? '', 'part_of_new_cluster')
const replica = device.replica(0) as ReplicaAccess
for (let version = 1; version <= VERSIONS; version += 1) {
  const copies = COPIES.map((name) => arrivedCopy(replica, name, version))
  // Two groups at a time, as of two partitions.
  const groups = [copies.slice(0, copies.length / 2), copies.slice(copies.length / 2)]
  await Promise.all(
    groups.map(async (group) => {
      const outcomes = await replica.storeCopies(group)
      group.forEach(({ record }, at) => {
        if (outcomes[at]?.kind !== 'stored') throw new Error(`${record.name}: ${outcomes[at]?.kind}`)
        writeSync(1, `${record.name} ${version}\n`)
      })
    }),
  )
}
await device.close()
