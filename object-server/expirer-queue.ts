/**
 * The expirer's work list: for every object with `X-Delete-At` a row in a container of the hidden account
 * `.expiring_objects`, named by the time and the object (OpenStack Swift, `obj/server.py`: `delete_at_update`,
 * `common/utils`: `get_expirer_container`, `obj/expirer.py`: `build_task_obj`).
 */

import { isTrueValue } from '#backend/address.ts'
import { type HashPathSalt, hashName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ContainerUpdate } from './container-update.ts'
import { partsOfName } from './object-rows.ts'
import { pairTargets } from './row-routing.ts'
import { deleteAtOf, type StoredObject } from './stored-object.ts'

/** Tasks of one container cover this many seconds (`expiring_objects_container_divisor`). */
const CONTAINER_DIVISOR_SECONDS = 86_400
/** Containers of one period that names are spread over. */
const SPREAD = 100n
const LARGEST_SECONDS = 9_999_999_999
const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e'

export class ExpirerQueue {
  readonly #salt: HashPathSalt
  readonly #account: string

  constructor(salt: HashPathSalt, account = '.expiring_objects') {
    this.#salt = salt
    this.#account = account
  }

  /** The rows for an object that changed at `timestamp` from `before` to `after`. */
  rows(
    timestamp: Timestamp,
    before: StoredObject | undefined,
    after: StoredObject | undefined,
    request: HeaderMap,
  ): readonly ContainerUpdate[] {
    if (isTrueValue(request['x-backend-replication'])) return []
    const [old, fresh] = [before && deleteAtOf(before), after && deleteAtOf(after)]
    const name = (before ?? after)?.name
    if (name === undefined) return []
    const rows: ContainerUpdate[] = []
    if (fresh !== undefined && fresh !== old && request['x-delete-at-host'] !== undefined) {
      rows.push(this.#task(timestamp, fresh, name, request))
    }
    if (old !== undefined && old !== fresh && cleansQueue(request)) {
      rows.push(this.#removal(timestamp, old, name))
    }
    return rows
  }

  /** The row of an object whose rows may be lost, for whoever the ring names. */
  rowsAgain(object: StoredObject): readonly ContainerUpdate[] {
    const deleteAt = deleteAtOf(object)
    return deleteAt === undefined ? [] : [this.#task(object.timestamp, deleteAt, object.name, {})]
  }

  #task(timestamp: Timestamp, deleteAt: number, name: string, request: HeaderMap): ContainerUpdate {
    const named = request['x-delete-at-container']
    const partition = request['x-delete-at-partition']
    const targets =
      partition === undefined ? [] : pairTargets(request['x-delete-at-host'], request['x-delete-at-device'])
    const container =
      named === undefined || named === '' ? this.container(deleteAt, name) : tenDigits(Number(named))
    return this.#row(
      'PUT',
      timestamp,
      container,
      taskName(deleteAt, name),
      { targets, partition },
      {
        'x-size': '0',
        'x-content-type': 'text/plain',
        'x-etag': EMPTY_MD5,
      },
    )
  }

  /** Where the task was put when the object was written is only known by calculation. */
  #removal(timestamp: Timestamp, deleteAt: number, name: string): ContainerUpdate {
    const container = this.container(deleteAt, name)
    const nobody = { targets: [], partition: undefined }
    return this.#row('DELETE', timestamp, container, taskName(deleteAt, name), nobody, {})
  }

  /** The container of the tasks of this object at this time, ten digits. */
  container(deleteAt: number, name: string): string {
    const shard = Number(BigInt(`0x${hashName(partsOfName(name), this.#salt)}`) % SPREAD)
    const period = Math.floor(deleteAt / CONTAINER_DIVISOR_SECONDS) * CONTAINER_DIVISOR_SECONDS
    return tenDigits(period - shard)
  }

  #row(
    method: ContainerUpdate['method'],
    timestamp: Timestamp,
    container: string,
    object: string,
    routing: Pick<ContainerUpdate, 'targets' | 'partition'>,
    row: HeaderMap,
  ): ContainerUpdate {
    // Hidden accounts are always in the first policy.
    const headers = { ...row, 'x-timestamp': timestamp, 'x-backend-storage-policy-index': '0' }
    const account = this.#account
    return { method, account, container, object, timestamp, headers, ...routing, attempts: 0, notBeforeMs: 0 }
  }
}

function cleansQueue(request: HeaderMap): boolean {
  const wish = request['x-backend-clean-expiring-object-queue']
  return wish === undefined || isTrueValue(wish)
}

function taskName(deleteAt: number, name: string): string {
  return `${tenDigits(deleteAt)}-${name.slice(1)}`
}

function tenDigits(seconds: number): string {
  return String(Math.min(Math.max(0, Math.floor(seconds)), LARGEST_SECONDS)).padStart(10, '0')
}
