/**
 * One row that a container's index must learn: that an object was put, changed or deleted. Stored in the object index in
 * the same batch as the object it speaks of, so that whatever was acknowledged is listed sooner or later. Rows of the
 * expirer's queue are the same thing in a hidden account.
 */
import { Packr } from 'msgpackr'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import { updateKey } from './index-keys.ts'

/** A container server as the proxy names it: `host:port` and the device there. */
export interface UpdateTarget {
  readonly host: string
  readonly device: string
}

export interface ContainerUpdate {
  readonly method: 'PUT' | 'DELETE'
  readonly account: string
  readonly container: string
  readonly object: string
  /** When what it tells happened; with the names, what makes it this update and no other. */
  readonly timestamp: Timestamp
  /** Headers of the request to the container server. */
  readonly headers: HeaderMap
  /** Who has not confirmed it. Empty: nobody was named; the ring says who. */
  readonly targets: readonly UpdateTarget[]
  /** Partition of the container, for the targets; `undefined` when nobody was named. */
  readonly partition: string | undefined
  /** Delivery attempts so far, and not before when to try again (milliseconds, wall clock). */
  readonly attempts: number
  readonly notBeforeMs: number
}

const VERSION = 1
const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

export function keyOfUpdate(update: ContainerUpdate): Buffer {
  return updateKey(`${update.account}/${update.container}`, update.object, update.timestamp)
}

export function encodeUpdate(update: ContainerUpdate): Buffer {
  return packr.pack([
    VERSION,
    update.method,
    update.account,
    update.container,
    update.object,
    update.timestamp,
    Object.entries(update.headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
    update.targets.flatMap((target) => [target.host, target.device]),
    update.partition ?? null,
    update.attempts,
    update.notBeforeMs,
  ])
}

/** `undefined` for bytes of a version we do not know, or that are no row. */
export function decodeUpdate(bytes: Buffer): ContainerUpdate | undefined {
  const members = unpack(bytes)
  if (!Array.isArray(members) || members[0] !== VERSION) return undefined
  const [, method, account, container, object, written, headers, targets, partition, attempts, notBeforeMs] =
    members as unknown[]
  const timestamp = parseTimestamp(String(written))
  if (timestamp === undefined) return undefined
  return {
    method: method === 'DELETE' ? 'DELETE' : 'PUT',
    account: String(account),
    container: String(container),
    object: String(object),
    timestamp,
    headers: Object.fromEntries(pairs(headers)),
    targets: pairs(targets).map(([host, device]) => ({ host, device })),
    partition: typeof partition === 'string' ? partition : undefined,
    attempts: Number(attempts),
    notBeforeMs: Number(notBeforeMs),
  }
}

function unpack(bytes: Buffer): unknown {
  try {
    return packr.unpack(bytes)
  } catch {
    return undefined
  }
}

function pairs(list: unknown): [string, string][] {
  if (!Array.isArray(list)) return []
  const texts = list.map(String)
  const found: [string, string][] = []
  for (let at = 0; at + 1 < texts.length; at += 2) found.push([texts[at] as string, texts[at + 1] as string])
  return found
}
