/**
 * Our own addition to the Images API: uploads in several requests. `PUT …/file` with a `Content-Range` takes a part, `GET
 * …/upload` tells how far it is, `DELETE …/upload` ends it. The protocol is in `docs/images.md`.
 */
import type { Response } from '#http/message.ts'
import { emptyAnswer, jsonAnswer } from '../answers.ts'
import { cancelUpload, continueUpload, OFFSET_HEADER, uploadOffset } from '../data/resumable.ts'
import { emit } from '../events.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { badRequest, conflict, Refusal } from '../refusal.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { changeableImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'

interface PartRange {
  readonly first: number
  readonly totalBytes: number | undefined
}

/** `bytes 0-99/1000`, `bytes 0-99/*`, `bytes 0-/*`: which part of the image a request brings. */
function partRange({ request: { headers, body } }: ImageVisit): PartRange | Refusal {
  const match = /^bytes (\d{1,15})-(\d{0,15})\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '')
  if (match === null) return badRequest('Content-Range must be written bytes FIRST-LAST/TOTAL.')
  const [, first = '', last = '', total = ''] = match
  const lengthBytes = last === '' ? undefined : Number(last) - Number(first) + 1
  if (lengthBytes !== undefined && body.lengthBytes !== undefined && body.lengthBytes !== lengthBytes) {
    return badRequest('Content-Range and Content-Length do not agree.')
  }
  return { first: Number(first), totalBytes: total === '*' ? undefined : Number(total) }
}

/** Takes a part; 204 when it was the last, 202 with the offset when there is more to come. */
export async function takePart(visit: ImageVisit, image: ImageRecord): Promise<Response | Refusal> {
  const range = partRange(visit)
  if (range instanceof Refusal) return range
  const { registry, context, request } = visit
  const { store } = image.pending ?? { store: registry.cluster.id }
  if ((request.headers['x-image-meta-store'] ?? store) !== registry.cluster.id) {
    return conflict(`Only the store '${registry.cluster.id}' takes images in parts.`)
  }
  request.body.sendContinue()
  const progress = await continueUpload(registry, context, { id: image.id, source: request.body, ...range })
  if (progress instanceof Refusal) return progress
  if (progress.kind === 'partial') return emptyAnswer(202, { [OFFSET_HEADER]: String(progress.offset) })
  emit(registry, 'image.activate', progress.image)
  return emptyAnswer(204)
}

const progress: ImageVerb = async (visit) => {
  const image = await changeableImage(visit, 'upload_image')
  if (image instanceof Refusal) return image
  const offset = await uploadOffset(visit.registry, visit.context, image)
  if (offset instanceof Refusal) return offset
  if (offset === undefined && image.status !== 'queued') {
    return conflict(`Image ${image.id} is not being uploaded in parts.`)
  }
  const known = offset ?? 0
  const body = { offset: known, total: image.pending?.totalBytes ?? null, status: image.status }
  return jsonAnswer(200, body, { [OFFSET_HEADER]: String(known) })
}

const cancel: ImageVerb = async (visit) => {
  const image = await changeableImage(visit, 'upload_image')
  if (image instanceof Refusal) return image
  return (await cancelUpload(visit.registry, visit.context, image)) ?? emptyAnswer(204)
}

export const uploadProgressRoutes: readonly ImageRoute[] = [
  route('GET', '/images/:id/upload', progress, 'ignored'),
  route('DELETE', '/images/:id/upload', cancel, 'ignored'),
]
