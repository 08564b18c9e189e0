/** Tasks: what became of imports, and the old way to order one (OpenStack Glance, `api/v2/tasks.py`). For administrators. */
import type { OperationContext } from '#store/operation.ts'
import type { Json } from '../answers.ts'
import { jsonAnswer } from '../answers.ts'
import type { Caller } from '../caller.ts'
import { uriRefusal } from '../import/address-rules.ts'
import { runImportTask } from '../import/import-task.ts'
import { isObject, violation } from '../model/json-schema.ts'
import { TASK_PROPERTIES } from '../model/schema-documents.ts'
import { notPermitted } from '../policy.ts'
import { readLimit } from '../query/image-list.ts'
import { type Parameters, valueOf, writeParameters } from '../query/parameters.ts'
import { TASK_STATUSES, TASK_TYPES, type TaskRecord, taskStub, taskView } from '../records/task-records.ts'
import { badRequest, notFound, Refusal } from '../refusal.ts'
import { newUuid, type Registry } from '../registry.ts'
import type { ImageVerb } from '../visit.ts'
import { type ImageRoute, route } from './route.ts'

const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

function forAdministrators(verb: ImageVerb): ImageVerb {
  return async (visit) => (visit.caller.isAdmin ? await verb(visit) : notPermitted('tasks_api_access'))
}

const list: ImageVerb = async ({ registry, context, query }) => {
  const wanted = readTaskQuery(query, registry)
  if (wanted instanceof Refusal) return wanted
  const all = await registry.tasks.all(context)
  if (all instanceof Refusal) return all
  const { limit, marker, matches, order } = wanted
  const found = all.filter(matches).toSorted(order)
  const start = marker === undefined ? 0 : found.findIndex(({ id }) => id === marker) + 1
  if (marker !== undefined && start === 0) return badRequest('Invalid marker.')
  const page = found.slice(start, start + limit)
  const last = page.length === limit ? page.at(-1) : undefined
  return jsonAnswer(200, {
    tasks: page.map(taskStub),
    first: link(query, undefined),
    schema: '/v2/schemas/tasks',
    ...(last === undefined ? {} : { next: link(query, last.id) }),
  })
}

function link(query: Parameters, marker: string | undefined): string {
  const written = writeParameters(query, { marker })
  return written === '' ? '/v2/tasks' : `/v2/tasks?${written}`
}

interface TaskQuery {
  readonly limit: number
  readonly marker: string | undefined
  readonly matches: (task: TaskRecord) => boolean
  readonly order: (left: TaskRecord, right: TaskRecord) => number
}

const SORT_KEYS: Readonly<Record<string, (task: TaskRecord) => string | number>> = {
  id: ({ id }) => id,
  type: ({ type }) => type,
  status: ({ status }) => status,
  owner: ({ owner }) => owner,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
  expires_at: ({ expiresAt }) => expiresAt ?? 0,
}

function readTaskQuery(query: Parameters, { options }: Registry): TaskQuery | Refusal {
  const limit = readLimit(valueOf(query, 'limit'), options.limits)
  if (limit instanceof Refusal) return limit
  const [marker, status, type] = [valueOf(query, 'marker'), valueOf(query, 'status'), valueOf(query, 'type')]
  if (marker !== undefined && !UUID.test(marker)) return badRequest('Invalid marker format')
  if (status !== undefined && !TASK_STATUSES.some((one) => one === status)) {
    return badRequest(`Invalid status value: ${status}`)
  }
  if (type !== undefined && !TASK_TYPES.some((one) => one === type)) {
    return badRequest(`Invalid type value: ${type}`)
  }
  const order = orderOf(valueOf(query, 'sort_key') ?? 'created_at', valueOf(query, 'sort_dir') ?? 'desc')
  if (order instanceof Refusal) return order
  const matches = (task: TaskRecord): boolean =>
    (status ?? task.status) === task.status && (type ?? task.type) === task.type
  return { limit, marker, matches, order }
}

/** Ties are broken by when they began, then by id. */
function orderOf(key: string, direction: string): TaskQuery['order'] | Refusal {
  const of = Object.hasOwn(SORT_KEYS, key) ? SORT_KEYS[key] : undefined
  if (of === undefined) return badRequest('Sort key supplied was not valid.')
  if (direction !== 'asc' && direction !== 'desc') return badRequest(`Invalid sort direction: ${direction}`)
  const keys = [of, SORT_KEYS['created_at'], SORT_KEYS['id']] as readonly (typeof of)[]
  const sign = direction === 'asc' ? 1 : -1
  return (left, right) => {
    for (const one of keys) {
      const [a, b] = [one(left), one(right)]
      if (a !== b) return a < b ? -sign : sign
    }
    return 0
  }
}

const show: ImageVerb = async ({ registry, context, names: [id = ''] }) => {
  const found = await registry.tasks.find(context, id)
  if (found instanceof Refusal) return found
  return found === undefined ? notFound(`No task found with ID ${id}`) : jsonAnswer(200, taskView(found))
}

/** Of the tasks that the schema knows only this one is ordered by itself; the others are imports' own. */
const create: ImageVerb = async ({ registry, context, caller, json, baseUrl }) => {
  const input = readTask(registry, json)
  if (input instanceof Refusal) return input
  const begun = await registry.tasks.begin(context, {
    id: newUuid(registry),
    type: 'import',
    owner: caller.projectId ?? '',
    imageId: null,
    userId: caller.userId,
    requestId: context.txId,
    input: input as Readonly<Record<string, Json>>,
  })
  if (begun instanceof Refusal) return begun
  startTask(registry, context, caller, begun)
  return jsonAnswer(201, taskView(begun), { location: `${baseUrl}/v2/tasks/${begun.id}` })
}

function startTask(registry: Registry, context: OperationContext, caller: Caller, task: TaskRecord): void {
  runImportTask(registry, context, caller, task).catch((error: unknown) =>
    registry.log.error({ err: error, task: task.id }, 'a task was left to the sweeper'),
  )
}

function readTask({ options }: Registry, json: unknown): Readonly<Record<string, unknown>> | Refusal {
  if (!isObject(json)) return badRequest('The body must be a JSON object.')
  const missing = ['type', 'input'].find((name) => !(name in json))
  if (missing !== undefined) return badRequest(`Task '${missing}' is required`)
  const wrong = violation(json, { type: 'object', properties: TASK_PROPERTIES, additionalProperties: false })
  if (wrong !== undefined) return badRequest(`Provided object does not match schema 'task': ${wrong}`)
  const { type, input } = json
  if (type !== 'import') return badRequest(`Tasks of type ${String(type)} cannot be ordered by themselves.`)
  const from = isObject(input) ? input['import_from'] : undefined
  if (typeof from !== 'string' || from === '') return badRequest(`Invalid location: ${String(from)}`)
  if (/^(?:file|filesystem):/.test(from)) {
    return badRequest('File based imports are not allowed. Please use a non-local source of image data.')
  }
  const refused = uriRefusal(from, options.fetchRules)
  if (refused !== undefined) {
    return badRequest(`URI for legacy import task does not pass filtering: ${refused}.`)
  }
  return input as Readonly<Record<string, unknown>>
}

export const taskRoutes: readonly ImageRoute[] = [
  route('GET', '/tasks', forAdministrators(list), 'ignored'),
  route('POST', '/tasks', forAdministrators(create), 'json'),
  route('GET', '/tasks/:task', forAdministrators(show)),
]
