/**
 * A task of type `import`: makes an image of what a URI gives. Steps: 1. the image is made, `queued`, and the task names it;
 * 2. it is imported as by `web-download`; 3. the task tells the image. A failure deletes the image again, for nobody else
 * knows of it. Died before 3: what an import leaves is put right by the sweeper; the image stays, `queued` or `active`.
 */
import type { OperationContext } from '#store/operation.ts'
import type { Caller } from '../caller.ts'
import { deleteImage } from '../data/delete-image.ts'
import { newKey } from '../data/upload.ts'
import { emit } from '../events.ts'
import { type ImageRecord, newImage } from '../model/image-record.ts'
import { isObject } from '../model/json-schema.ts'
import { readNewImage } from '../model/new-image.ts'
import type { TaskRecord } from '../records/task-records.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { newUuid, onItsOwn, type Registry } from '../registry.ts'
import { countRefusal } from '../usage.ts'
import { beginImport } from './begin-import.ts'
import type { ImportOrder } from './import-order.ts'
import { runImport } from './run-import.ts'

/** What becomes of it is told in the task. */
export async function runImportTask(
  registry: Registry,
  context: OperationContext,
  caller: Caller,
  task: TaskRecord,
): Promise<void> {
  const own = onItsOwn(context)
  const image = await imageFor(registry, own, caller, task)
  const done = image instanceof Refusal ? image : await importInto(registry, own, image, task)
  if (!(done instanceof Refusal)) {
    emit(registry, 'image.activate', done)
    return
  }
  if (!(image instanceof Refusal)) await deleteImage(registry, own, image.id)
  await registry.tasks.report(own, task.id, { status: 'failure', message: done.message, result: null })
}

async function imageFor(
  registry: Registry,
  context: OperationContext,
  caller: Caller,
  { id, input }: TaskRecord,
): Promise<ImageRecord | Refusal> {
  const members = isObject(input) ? input : {}
  const missing = ['import_from_format', 'image_properties'].find((name) => !(name in members))
  if (missing !== undefined) return badRequest(`Input does not contain '${missing}' field`)
  const properties = members['image_properties']
  const isEmpty = isObject(properties) && Object.keys(properties).length === 0
  const wanted = isEmpty ? { disk_format: 'qcow2', container_format: 'bare' } : properties
  const read = readNewImage(wanted, caller, registry.options.limits)
  if (read instanceof Refusal) return read
  const refused = await countRefusal(registry, context, read.draft.owner)
  if (refused !== undefined) return refused
  const nowMs = registry.environment.clock.wallMs()
  const image = newImage(read.draft, read.id ?? newUuid(registry), nowMs)
  const created = await registry.records.create(context, image)
  if (created instanceof Refusal) return created
  emit(registry, 'image.create', created)
  await registry.tasks.report(context, id, { status: 'processing', imageId: image.id })
  return created
}

async function importInto(
  registry: Registry,
  context: OperationContext,
  { id }: ImageRecord,
  task: TaskRecord,
): Promise<ImageRecord | Refusal> {
  const order: ImportOrder = {
    method: 'web-download',
    stores: [registry.stores.default],
    isForAll: false,
    mustAllSucceed: true,
    extractsDisks: false,
    uri: String((task.input as Readonly<Record<string, unknown>>)['import_from']),
    elsewhere: undefined,
    body: {},
  }
  const begun = await beginImport(registry, context, {
    id,
    order,
    taskId: task.id,
    key: newKey(registry, id),
  })
  return begun instanceof Refusal ? begun : await runImport(registry, context, order, begun)
}
