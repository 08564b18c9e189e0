/** Which disks hold the data of an object, looked at from outside. */
import { hashName, type ResourceName } from '#base/names.ts'
import { MemoryDirectory } from '#disk/memory-tree.ts'
import { parseFileName, policyPaths } from '#object-server/layout.ts'
import type { Cluster } from './cluster.ts'
import type { StorageNode } from './storage-node.ts'
import { devicePath, POLICY_INDEXES, SALT } from './topology.ts'

/** `<name> on <host>` for each of these objects and each disk that has its data. */
export function whoHas({ nodes }: Pick<Cluster, 'nodes'>, names: readonly ResourceName[]): readonly string[] {
  const paths = new Map(names.map((name) => [hashName(name, SALT), `/${Object.values(name).join('/')}`]))
  return nodes.flatMap((node) =>
    dataFiles(node).flatMap((hash) => {
      const path = paths.get(hash)
      return path === undefined ? [] : [`${path} on ${node.host}`]
    }),
  )
}

/** Hashes of the objects of which the disk of a node has the data. */
function dataFiles({ machine, node }: StorageNode): readonly string[] {
  return POLICY_INDEXES.flatMap((policy) => {
    const root = machine.disk.nodeAt(policyPaths(devicePath(node), policy).objects)
    if (!(root instanceof MemoryDirectory)) return []
    return [...root.entries.values()].flatMap((leaf) =>
      leaf instanceof MemoryDirectory
        ? [...leaf.entries.keys()].flatMap((name) => {
            const file = parseFileName(name)
            return file?.kind === 'data' ? [file.hash] : []
          })
        : [],
    )
  })
}
