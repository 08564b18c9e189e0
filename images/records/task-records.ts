/** What becomes of imports, for those who asked for them: one record per task, kept for two days after its end. */
import type { Clock } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import { allRecords } from '#store/records/all-records.ts'
import type { RecordCollection, RecordKind, Records } from '#store/records/contract.ts'
import { changeRecord } from '#store/records/record-change.ts'
import type { Json } from '../answers.ts'
import { isoSeconds } from '../model/image-view.ts'
import { Refusal } from '../refusal.ts'
import { recordRefusal } from './image-records.ts'

export const TASK_STATUSES = ['pending', 'processing', 'success', 'failure'] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]
export const TASK_TYPES = ['import', 'api_image_import', 'location_import'] as const

export interface TaskRecord {
  readonly id: string
  readonly type: (typeof TASK_TYPES)[number]
  readonly status: TaskStatus
  readonly owner: string
  /** Of a task that makes its image itself, none before it is made. */
  readonly imageId: string | null
  readonly userId: string
  readonly requestId: string
  readonly input: Json
  readonly result: Json
  /** For people. */
  readonly message: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number | null
}

/** How long a task that is over is kept (OpenStack Glance, `task_time_to_live`), milliseconds. */
export const TASK_LIFE_MS = 48 * 3_600_000

const TASKS: RecordKind<TaskRecord> = {
  name: 'image-tasks',
  version: 1,
  parse: (written, version) => {
    const { id, status } = (written ?? {}) as Partial<TaskRecord>
    return version === 1 && typeof id === 'string' && typeof status === 'string'
      ? (written as TaskRecord)
      : undefined
  },
}

export class TaskRecords {
  readonly #records: RecordCollection<TaskRecord>
  readonly #clock: Clock

  constructor(records: Records, clock: Clock) {
    this.#records = records.of(TASKS)
    this.#clock = clock
  }

  async begin(
    context: OperationContext,
    task: Pick<TaskRecord, 'id' | 'type' | 'owner' | 'imageId' | 'userId' | 'requestId' | 'input'>,
  ): Promise<TaskRecord | Refusal> {
    const nowMs = this.#clock.wallMs()
    const times = { createdAt: nowMs, updatedAt: nowMs, expiresAt: null }
    const begun: TaskRecord = { ...task, ...times, status: 'pending', result: null, message: '' }
    const made = await this.#records.create(context, task.id, begun)
    if (made.kind === 'exists') return new Refusal(409, `Task ${task.id} exists already.`)
    return made.kind === 'found' ? begun : recordRefusal(made)
  }

  /** How far it is. What cannot be written now is left: the image itself says what became of it. */
  async report(
    context: OperationContext,
    id: string,
    news: Pick<TaskRecord, 'status'> & Partial<Pick<TaskRecord, 'message' | 'result' | 'imageId'>>,
  ): Promise<void> {
    const nowMs = this.#clock.wallMs()
    const isOver = news.status === 'success' || news.status === 'failure'
    await changeRecord(this.#records, context, id, (there) =>
      there === undefined
        ? { kind: 'refused', refusal: undefined }
        : {
            kind: 'value',
            value: { ...there, ...news, updatedAt: nowMs, expiresAt: isOver ? nowMs + TASK_LIFE_MS : null },
          },
    )
  }

  async find(context: OperationContext, id: string): Promise<TaskRecord | undefined | Refusal> {
    if (!/^[\w-]{1,64}$/.test(id)) return undefined
    const read = await this.#records.read(context, id, 'newest')
    if (read.kind === 'absent') return undefined
    return read.kind === 'found' ? read.value : recordRefusal(read)
  }

  /** All tasks that are still kept, newest first. */
  async all(context: OperationContext): Promise<readonly TaskRecord[] | Refusal> {
    const found = await allRecords(this.#records, context)
    if ('kind' in found) return recordRefusal(found)
    const nowMs = this.#clock.wallMs()
    const kept = found
      .map(({ value }) => value)
      .filter(({ expiresAt }) => expiresAt === null || expiresAt > nowMs)
    return kept.toSorted((left, right) => right.createdAt - left.createdAt)
  }

  /** Forgets what has expired; how many that were. */
  async forgetExpired(context: OperationContext): Promise<number> {
    const found = await allRecords(this.#records, context)
    if ('kind' in found) return 0
    const nowMs = this.#clock.wallMs()
    let forgotten = 0
    for (const task of found) {
      const { expiresAt, createdAt } = task.value
      // One that never ended was cut off; its image has been put right long ago.
      if ((expiresAt ?? createdAt + TASK_LIFE_MS) > nowMs) continue
      if ((await this.#records.remove(context, task)).kind === 'removed') forgotten += 1
    }
    return forgotten
  }
}

type TaskView = Readonly<Record<string, Json>>

/** A task in a list. */
export function taskStub(task: TaskRecord): TaskView {
  return {
    id: task.id,
    type: task.type,
    status: task.status,
    owner: task.owner,
    created_at: isoSeconds(task.createdAt),
    updated_at: isoSeconds(task.updatedAt),
    ...(task.expiresAt === null ? {} : { expires_at: isoSeconds(task.expiresAt) }),
    self: `/v2/tasks/${task.id}`,
    schema: '/v2/schemas/task',
  }
}

export function taskView(task: TaskRecord): TaskView {
  return {
    ...taskStub(task),
    message: task.message,
    input: task.input,
    result: task.result,
    ...(task.imageId === null ? {} : { image_id: task.imageId }),
    user_id: task.userId,
    request_id: task.requestId,
  }
}
