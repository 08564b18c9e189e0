/**
 * A task of the expirer's queue: a row `<delete at>-<account>/<container>/<object>`, the time in ten digits, with five decimals
 * where somebody wants the object deleted at once, in a container of the
 * hidden account (OpenStack Swift, `obj/expirer.py`: `build_task_obj`, `parse_task_obj`). Pure.
 */
import { type Timestamp } from '#base/timestamp.ts'
import { PARTS_CHECK_TYPE } from '#store/deferred-checks.ts'
import type { ObjectName } from '#store/operation.ts'

export interface Task {
  /** Name of its row. */
  readonly row: string
  /** When the row was written: its removal takes exactly this version away. */
  readonly rowTimestamp: Timestamp
  /** When the object expires, seconds since the epoch. */
  readonly deleteAt: number
  readonly name: ObjectName
  /**
   * `at_once`: not an expired object but one that somebody wants deleted, whatever it says (`ASYNC_DELETE_TYPE`).
   * `parts_check`: no object, but a multipart upload that is to be looked after (`parts-checker.ts`).
   */
  readonly kind: 'expired' | 'at_once' | 'parts_check'
}

/** Content type of rows by which Swift's tools have objects deleted in the background. */
const ASYNC_DELETE_TYPE = 'application/async-deleted'
const ROW = /^(\d{10}(?:\.\d{5})?)-([^/]+)\/([^/]+)\/([^]+)$/

/** `undefined` for a row that is no task. */
export function parseTask(row: string, rowTimestamp: Timestamp, contentType: string): Task | undefined {
  const match = ROW.exec(row)
  if (match === null) return undefined
  const [, written = '', account = '', container = '', object = ''] = match
  const name = { account, container, object }
  return { row, rowTimestamp, deleteAt: Number(written), name, kind: kindOf(contentType) }
}

function kindOf(contentType: string): Task['kind'] {
  if (contentType === PARTS_CHECK_TYPE) return 'parts_check'
  return contentType === ASYNC_DELETE_TYPE ? 'at_once' : 'expired'
}

/** Sorts behind every task that is due by then. */
export function endOfDue(nowSeconds: number): string {
  return String(Math.floor(nowSeconds) + 1).padStart(10, '0')
}
