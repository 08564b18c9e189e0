/**
 * Container sync: carries every change of the containers that name another one (`X-Container-Sync-To` and `-Key`) to it,
 * in the order of their changes (OpenStack Swift, `container/sync.py`). The primaries of a container share them
 * (`container-server/follow-changes.ts`); most of what is gone over once more is a look at the other side.
 */
import { createHash } from 'node:crypto'
import type { Realms } from '#auth/container-sync/realms.ts'
import type { SyncTarget } from '#auth/container-sync/sync-target.ts'
import { parseSyncTarget } from '#auth/container-sync/sync-target.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { followChanges, type Turn } from '#container-server/follow-changes.ts'
import { isContainerDeleted } from '#db/container-rules.ts'
import type { Index } from '#db/contract.ts'
import { eachDatabase } from '#db/each-database.ts'
import type { DatabaseState } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import type { ContainerName } from '#store/operation.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import type { RemoteContainer, Sent } from './remote-container.ts'
import type { RowSender } from './row-sender.ts'

export interface SyncWorkerOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The containers of this device. */
  readonly index: Index<ObjectRow>
  readonly realms: () => Realms
  /** `undefined` when this device is no primary, or may not vote. */
  readonly turn: (name: ContainerName) => Turn | undefined
  readonly remote: (target: SyncTarget, userKey: string) => RemoteContainer
  readonly sender: RowSender
  /** To be awaited before each object and each page of containers. */
  readonly rest?: ((options: PassOptions) => Promise<void>) | undefined
  readonly pauseMs: number
  /** Longest time for one container in a pass, milliseconds. */
  readonly containerMs: number
}

const WHOLE = { first: '0'.repeat(32), end: undefined } as const
const VERSIONS_CONTAINER = 'x-container-sysmeta-versions-container'

export function createSyncWorker(options: SyncWorkerOptions): Worker {
  const { clock, log, pauseMs } = options
  const syncing = new Syncing(options)
  return passWorker({
    name: 'container-sync',
    clock,
    log,
    unit: 'containers',
    pauseMs: () => pauseMs,
    pass: (pass, how) => syncing.pass(pass, how),
  })
}

/** One container on its way. */
interface Syncable {
  readonly name: ContainerName
  readonly turn: Turn
  readonly remote: RemoteContainer
  /** Under which its points are kept: another target begins anew. */
  readonly targetId: string
  readonly untilMs: number
}

class Syncing {
  readonly #options: SyncWorkerOptions

  constructor(options: SyncWorkerOptions) {
    this.#options = options
  }

  async pass(pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> {
    const { index, rest } = this.#options
    if (this.#options.realms().size === 0) return 'complete'
    const before = async (): Promise<void> => {
      how.signal.throwIfAborted()
      await rest?.(how)
    }
    for await (const { state } of eachDatabase(index, WHOLE, before)) {
      if (how.signal.aborted) return 'stopped'
      const syncable = this.#syncable(state, pass)
      if (syncable === undefined) continue
      pass.count('found', 'containers')
      await this.#container(syncable, pass, how)
      pass.advance()
    }
    return 'complete'
  }

  #syncable({ info, metadata }: DatabaseState, pass: Pass): Syncable | undefined {
    const { realms, turn, remote, clock, containerMs, log } = this.#options
    const written = metadata.get('x-container-sync-to')?.value ?? ''
    const userKey = metadata.get('x-container-sync-key')?.value ?? ''
    const { account, container } = info.name
    if (written === '' || userKey === '' || container === undefined || isContainerDeleted(info))
      return undefined
    const name = { account, container }
    const own = turn(name)
    if (own === undefined || (metadata.get(VERSIONS_CONTAINER)?.value ?? '') !== '') return undefined
    const parsed = parseSyncTarget(written, realms())
    if (parsed.kind !== 'target') {
      log.warn({ container: `/${account}/${container}`, reason: parsed.kind }, 'a container cannot be synced')
      pass.count('waiting', 'containers_without_target')
      return undefined
    }
    const targetId = createHash('md5').update(parsed.target.url).digest('hex')
    const untilMs = clock.monotonicMs() + containerMs
    return { name, turn: own, remote: remote(parsed.target, userKey), targetId, untilMs }
  }

  async #container(syncable: Syncable, pass: Pass, how: PassOptions): Promise<void> {
    const { index, clock } = this.#options
    const { name, targetId: follower, turn, untilMs } = syncable
    await followChanges(index, {
      name,
      follower,
      turn,
      lanes: 1,
      act: async (row) => {
        const { kind } = await this.#send(syncable, row, pass, how)
        return kind === 'done' ? 'done' : 'later'
      },
      isOver: () => how.signal.aborted || clock.monotonicMs() >= untilMs,
    })
  }

  async #send({ name, remote }: Syncable, row: ObjectRow, pass: Pass, how: PassOptions): Promise<Sent> {
    const { sender, rest, log } = this.#options
    await rest?.(how)
    const sent = await sender.send(name, row, remote)
    if (sent.kind === 'done') {
      pass.count('repaired', row.deleted ? 'deletions' : 'objects')
      return sent
    }
    pass.count('waiting', 'objects')
    log.warn(
      { path: `/${name.account}/${name.container}/${row.name}`, reason: sent.reason },
      'not synced yet',
    )
    return sent
  }
}
