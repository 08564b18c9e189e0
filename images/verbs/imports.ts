/** Stage and import, and what became of the imports of an image. */
import type { Json } from '../answers.ts'
import { emptyAnswer, jsonAnswer } from '../answers.ts'
import { stageImage } from '../data/stage.ts'
import { newKey } from '../data/upload.ts'
import { emit } from '../events.ts'
import { beginImport, NOT_ACTIVE } from '../import/begin-import.ts'
import { readImportOrder } from '../import/import-order.ts'
import { runImport } from '../import/run-import.ts'
import { notPermitted } from '../policy.ts'
import { taskView } from '../records/task-records.ts'
import { conflict, notFound, Refusal } from '../refusal.ts'
import { newUuid } from '../registry.ts'
import { sizeRefusal, stageRefusal } from '../usage.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { announcedSize } from './file.ts'
import { changeableImage, visibleImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'

const stage: ImageVerb = async (visit) => {
  const { registry, context, request } = visit
  if (!registry.options.importMethods.includes('glance-direct')) {
    return notFound('Staging is not available: glance-direct is not enabled at this site.')
  }
  const sizeBytes = announcedSize(visit)
  if (sizeBytes instanceof Refusal) return sizeBytes
  const image = await changeableImage(visit, 'upload_image')
  if (image instanceof Refusal) return image
  const refused = await stageRefusal(registry, context, image.owner, sizeBytes ?? 0)
  if (refused !== undefined) return refused
  request.body.sendContinue()
  const staged = await stageImage(registry, context, { id: image.id, source: request.body, sizeBytes })
  return staged instanceof Refusal ? staged : emptyAnswer(204)
}

const importImage: ImageVerb = async (visit) => {
  const { registry, context, caller, json, request } = visit
  const order = readImportOrder(registry, json, request.headers)
  if (order instanceof Refusal) return order
  const seen =
    order.method === 'copy-image' ? await copyable(visit) : await changeableImage(visit, 'import_image')
  if (seen instanceof Refusal) return seen
  const refused = await sizeRefusal(registry, context, seen.owner, seen.sizeBytes ?? 0)
  if (refused !== undefined) return refused
  const task = {
    id: newUuid(registry),
    type: 'api_image_import' as const,
    owner: caller.projectId ?? '',
    imageId: seen.id,
    userId: caller.userId,
    requestId: context.txId,
    input: {
      import_req: order.body as unknown as Json,
      image_id: seen.id,
      backend: order.stores.map(({ id }) => id),
    },
  }
  const begun = await beginImport(registry, context, {
    id: seen.id,
    order,
    taskId: task.id,
    key: newKey(registry, seen.id),
  })
  if (begun instanceof Refusal) return begun
  const recorded = await registry.tasks.begin(context, task)
  if (recorded instanceof Refusal)
    registry.log.warn({ image: seen.id }, 'an import has no task that tells of it')
  runImport(registry, context, order, begun).then(
    (done) => {
      if (!(done instanceof Refusal)) emit(registry, 'image.activate', done)
    },
    (error: unknown) =>
      registry.log.error({ err: error, image: seen.id }, 'an import was left to the sweeper'),
  )
  return emptyAnswer(202)
}

/** Copies between stores are the operator's business. */
async function copyable(visit: ImageVisit): ReturnType<typeof visibleImage> {
  const image = await visibleImage(visit)
  if (image instanceof Refusal || visit.caller.isAdmin) return image
  return image.status === 'active' ? notPermitted('copy_image') : conflict(NOT_ACTIVE)
}

const imageTasks: ImageVerb = async (visit) => {
  const image = await visibleImage(visit)
  if (image instanceof Refusal) return image
  const all = await visit.registry.tasks.all(visit.context)
  if (all instanceof Refusal) return all
  return jsonAnswer(200, { tasks: all.filter(({ imageId }) => imageId === image.id).map(taskView) })
}

export const importRoutes: readonly ImageRoute[] = [
  route('PUT', '/images/:id/stage', stage, 'stream'),
  route('POST', '/images/:id/import', importImage, 'json'),
  route('GET', '/images/:id/tasks', imageTasks),
]
