/** An account that is deleted while everything else goes on. In the end nothing of what it held is left on any disk. */
import { hashName } from '#base/names.ts'
import { MemoryDirectory } from '#disk/memory-tree.ts'
import { bufferBody } from '#http/message.ts'
import { parseFileName, policyPaths } from '#object-server/layout.ts'
import { bodyOf } from './history.ts'
import { pathOf } from './object-names.ts'
import { contextOf, type Session } from './session.ts'
import type { StorageNode } from './storage-node.ts'
import { devicePath, POLICY_INDEXES, SALT } from './topology.ts'
import { Violation } from './violation.ts'

const ACCOUNT = 'AUTH_doomed'
/** One for each storage policy. */
const CONTAINERS: readonly string[] = ['g0', 'g1']
const OBJECTS: readonly string[] = ['r0', 'r1', 'r2']
const BODY_BYTES = 150

export class DoomedAccount {
  readonly #session: Session
  #isDeleted = false

  constructor(session: Session) {
    this.#session = session
  }

  /** Fills the account. */
  async prepare(): Promise<void> {
    for (const [policyIndex, container] of CONTAINERS.entries()) {
      await this.#session.insist(`make ${container}`, ['created', 'updated'], ({ store }) =>
        store.containers.put(
          contextOf('doomed'),
          { account: ACCOUNT, container },
          { changes: {}, policyIndex },
        ),
      )
      for (const object of OBJECTS) {
        await this.#session.insist(`store ${object}`, ['created'], ({ store }) =>
          store.objects.put(
            contextOf('doomed'),
            { account: ACCOUNT, container, object },
            {
              body: bufferBody(bodyOf(0, BODY_BYTES)),
              contentType: 'text/plain',
              metadata: {},
              expectedEtag: undefined,
              limitBytes: BODY_BYTES,
            },
          ),
        )
      }
    }
  }

  /** Deletes the account, however often it takes. */
  async doom(): Promise<void> {
    const { cluster } = this.#session
    await this.#session.insist('delete the account', ['deleted', 'no_such_account'], ({ store }) =>
      store.accounts.delete(contextOf('doomed'), { account: ACCOUNT }),
    )
    this.#isDeleted = true
    cluster.events.add(`${ACCOUNT} was deleted`)
  }

  /** What the disks still hold of the account, by path and host. */
  left(): readonly string[] {
    if (!this.#isDeleted) return []
    const paths = new Map<string, string>()
    for (const container of CONTAINERS) {
      for (const object of OBJECTS) {
        const name = { account: ACCOUNT, container, object }
        paths.set(hashName(name, SALT), pathOf(name))
      }
    }
    return this.#session.cluster.nodes.flatMap((node) =>
      dataFiles(node).flatMap((hash) => {
        const path = paths.get(hash)
        return path === undefined ? [] : [`${path} on ${node.host}`]
      }),
    )
  }

  /** Everything is healed and reaped. */
  check(): void {
    const left = this.left()
    if (left.length > 0) throw new Violation('not_reaped', left.join(', '), [ACCOUNT, 'reaper'])
  }
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
