/**
 * What changed in a container since it was looked at last, at a cost that depends on what changed: each replica tells it from
 * its own log (`CHANGES_SINCE_HEADER`).
 *
 * An acknowledged write is in a strict majority of the replicas. So when a strict majority tells what came to each of them
 * since the position that it told before, no write that was acknowledged in between is missing; what came to one replica
 * only may be told, too, and more than once.
 */
import { CHANGES_SINCE_HEADER, CHANGES_SINCE_NOW, REPLICA_STATE_HEADER } from '#base/extensions.ts'
import { discard, headerOf, readWhole } from '#http/message.ts'
import type { NodeClient } from './node-client.ts'
import { majoritySize } from './quorum.ts'
import { askNode, CONCURRENCY_TIMEOUT_MS, type ReplicaRead } from './replica-read.ts'
import type { StorageNode } from './storage-node.ts'

/** How far each replica's changes are known, by `StorageNode.key`; the values mean something only to the replica. */
export type ChangePositions = ReadonlyMap<string, string>

export interface ChangedRow {
  readonly name: string
  /** Of a deleted row, nothing. */
  readonly etag: string
  readonly deleted: boolean
}

export type ChangesRead =
  | { readonly kind: 'changes'; readonly rows: readonly ChangedRow[]; readonly positions: ChangePositions }
  /** It cannot be told. Whoever lists everything after this may go on from these positions. */
  | { readonly kind: 'list'; readonly positions: ChangePositions }
  /** Too few replicas can tell, now or ever. */
  | { readonly kind: 'untold' }

/** The longest answer: `CHANGES_MAX` names of 1,024 bytes, escaped at worst. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024

interface Told {
  readonly node: StorageNode
  readonly position: string
  /** `undefined`: not since the position that was asked about. */
  readonly rows: readonly ChangedRow[] | undefined
}

/** Asks all primaries; does not wait for those that are slow. Rejects only for our own bugs. */
export async function readChanges(
  client: NodeClient,
  read: ReplicaRead,
  since: ChangePositions | undefined,
): Promise<ChangesRead> {
  const { primaries } = read.placement
  const needed = majoritySize(primaries.length)
  const asking = primaries.map((node) => ask(client, read, node, since?.get(node.key)))
  const told = await enough(client, asking, needed, since !== undefined)
  const going = told.filter(({ rows }) => rows !== undefined)
  if (going.length >= needed) {
    return {
      kind: 'changes',
      rows: going.flatMap(({ rows = [] }) => rows),
      positions: positionsOf(going, since),
    }
  }
  return told.length >= needed
    ? { kind: 'list', positions: positionsOf(told, undefined) }
    : { kind: 'untold' }
}

/** A replica that was slow this time goes on from where it was. */
function positionsOf(told: readonly Told[], since: ChangePositions | undefined): ChangePositions {
  return new Map([...(since ?? []), ...told.map(({ node, position }) => [node.key, position] as const)])
}

/** The answers until enough replicas go on; of a beginning, all that come soon after a majority. */
function enough(
  client: NodeClient,
  asking: readonly Promise<Told | undefined>[],
  needed: number,
  isContinued: boolean,
): Promise<readonly Told[]> {
  return new Promise((resolve, reject) => {
    const told: Told[] = []
    let left = asking.length
    const finish = (): void => {
      timer?.cancel()
      resolve([...told])
    }
    let timer: ReturnType<typeof client.clock.setTimer> | undefined
    const take = (one: Told | undefined): void => {
      left -= 1
      if (one !== undefined) told.push(one)
      const going = told.filter(({ rows }) => rows !== undefined).length
      if (left === 0 || (isContinued && going >= needed)) finish()
      else if (told.length >= needed) timer ??= client.clock.setTimer(CONCURRENCY_TIMEOUT_MS, finish)
    }
    for (const one of asking) one.then(take, reject)
    if (left === 0) finish()
  })
}

async function ask(
  client: NodeClient,
  read: ReplicaRead,
  node: StorageNode,
  position: string | undefined,
): Promise<Told | undefined> {
  if (client.errors.isSetAside(node)) return undefined
  const headers = { ...read.headers, [CHANGES_SINCE_HEADER]: position ?? CHANGES_SINCE_NOW }
  const response = await askNode(client, { ...read, method: 'GET', headers }, node)
  if (response === undefined) return undefined
  // A server without the extension lists.
  const counts = headerOf(response, REPLICA_STATE_HEADER) === 'synced' && client.can(node, 'changes-since')
  if (response.status !== 200 || !counts) {
    await discard(response)
    return undefined
  }
  return parsed(node, position, await readWhole(response.body, ANSWER_BYTES_MAX).catch(() => undefined))
}

function parsed(node: StorageNode, asked: string | undefined, body: Buffer | undefined): Told | undefined {
  try {
    const { position, changes } = JSON.parse(body?.toString('utf8') ?? '') as {
      readonly position?: unknown
      readonly changes?: readonly ChangedRow[]
    }
    if (typeof position !== 'string') return undefined
    return { node, position, rows: asked === undefined ? undefined : changes }
  } catch {
    return undefined
  }
}
