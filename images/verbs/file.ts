/** The bytes of images: upload and download. */
import { type ByteRange, contentRange, parseRange, resolveRanges } from '#http/ranges.ts'
import { emptyAnswer } from '../answers.ts'
import { openImage } from '../data/download.ts'
import { uploadImage } from '../data/upload.ts'
import { emit } from '../events.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { mayDownload, notPermitted } from '../policy.ts'
import { valueOf } from '../query/parameters.ts'
import { badRequest, forbidden, Refusal, unavailable } from '../refusal.ts'
import { sizeRefusal } from '../usage.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { changeableImage, visibleImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'
import { takePart } from './upload-progress.ts'

const OCTETS = 'application/octet-stream'

const upload: ImageVerb = async (visit) => {
  const announced = announcedSize(visit)
  if (announced instanceof Refusal) return announced
  const image = await changeableImage(visit, 'upload_image')
  if (image instanceof Refusal) return image
  const { registry, context, request } = visit
  if (request.headers['content-range'] !== undefined) return await takePart(visit, image)
  const store = registry.stores.forWrite(request.headers['x-image-meta-store'])
  if (store instanceof Refusal) return store
  const refused = await sizeRefusal(registry, context, image.owner, announced ?? 0)
  if (refused !== undefined) return refused
  request.body.sendContinue()
  const active = await uploadImage(registry, context, {
    id: image.id,
    source: request.body,
    store,
    sizeBytes: announced,
  })
  if (active instanceof Refusal) return active
  emit(registry, 'image.activate', active)
  return emptyAnswer(204)
}

/** `x-openstack-image-size`, or the request's own length; 415 when it is not bytes that are sent. */
export function announcedSize({ request: { headers, body } }: ImageVisit): number | undefined | Refusal {
  if (mediaType(headers['content-type']) !== OCTETS) {
    return new Refusal(415, `The data of an image must be sent as ${OCTETS}.`)
  }
  const written = headers['x-openstack-image-size']
  if (written === undefined) return body.lengthBytes
  return /^\d{1,15}$/.test(written) ? Number(written) : badRequest('x-openstack-image-size is not a number.')
}

function mediaType(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

const download: ImageVerb = async (visit) => {
  const image = await downloadable(visit)
  if (image instanceof Refusal) return image
  if (image === undefined) return emptyAnswer(204)
  const range = wantedRange(visit, image)
  if (range instanceof Refusal) return range
  const prefer = preferredStores(visit)
  if (prefer instanceof Refusal) return prefer
  const read = await openImage(visit.registry, visit.context, image, { range, prefer })
  if (read.kind === 'absent') return emptyAnswer(204)
  if (read.kind === 'unavailable') return unavailable('The data of the image cannot be read now.')
  const headers = dataHeaders(image, range ?? { start: 0, end: read.sizeBytes })
  if (range === undefined) return { status: 200, headers, body: read.body }
  const ranged = { ...headers, 'content-range': contentRange(range, read.sizeBytes) }
  return { status: 206, headers: ranged, body: read.body }
}

/** How much there is, before it is asked for in ranges: Glance has no such answer, tools like `qemu-img` begin with it. */
const head: ImageVerb = async (visit) => {
  const image = await downloadable(visit)
  if (image instanceof Refusal) return image
  if (image === undefined) return emptyAnswer(204)
  return {
    status: 200,
    headers: dataHeaders(image, { start: 0, end: image.sizeBytes ?? 0 }),
    body: undefined,
  }
}

/** `undefined`: there is no data yet. */
async function downloadable(visit: ImageVisit): Promise<ImageRecord | Refusal | undefined> {
  const image = await visibleImage(visit)
  if (image instanceof Refusal) return image
  if (!mayDownload(visit.caller, image)) return notPermitted('download_image')
  if (image.status === 'deactivated' && !visit.caller.isAdmin) {
    return forbidden('The requested image has been deactivated. Image data download is forbidden.')
  }
  return image.status === 'active' || image.status === 'deactivated' ? image : undefined
}

/** `?prefer=store1,store2`: which places are asked first. 400 where there is nothing to choose from. */
function preferredStores({
  registry: { stores },
  query,
}: ImageVisit): readonly string[] | undefined | Refusal {
  const written = valueOf(query, 'prefer')
  if (written === undefined) return undefined
  if (!stores.areSeveral) return badRequest("'prefer' is only for installations with several stores.")
  const wanted = written.split(',').map((one) => one.trim())
  const unknown = wanted.find((id) => stores.find(id) === undefined)
  return unknown === undefined ? wanted : badRequest(`Unknown store '${unknown}'.`)
}

function dataHeaders({ checksum }: ImageRecord, { start, end }: ByteRange): Record<string, string> {
  return {
    'content-type': OCTETS,
    'content-length': String(end - start),
    'accept-ranges': 'bytes',
    ...(checksum === null ? {} : { 'content-md5': checksum }),
  }
}

/** One range; old clients write it as `Content-Range`. */
function wantedRange(
  { request: { headers } }: ImageVisit,
  { sizeBytes }: ImageRecord,
): ByteRange | undefined | Refusal {
  const size = sizeBytes ?? 0
  const asked = headers['range'] ?? legacyRange(headers['content-range'])
  if (asked === undefined) return undefined
  const specs = parseRange(asked)
  if (specs === undefined) return new Refusal(416, `Invalid Range header: ${asked}`)
  if (specs.length > 1) return badRequest('One range at a time; ask for each by itself.')
  const resolved = resolveRanges(specs, size)
  if (resolved.kind === 'single') return resolved.range
  return resolved.kind === 'whole'
    ? undefined
    : new Refusal(416, `The range is not within the image of ${size} bytes.`)
}

function legacyRange(contentRangeHeader: string | undefined): string | undefined {
  if (contentRangeHeader === undefined) return undefined
  const match = /^bytes (\d+)-(\d+)\/(?:\d+|\*)$/.exec(contentRangeHeader)
  return match === null ? 'invalid' : `bytes=${match[1]}-${match[2]}`
}

export const fileRoutes: readonly ImageRoute[] = [
  route('PUT', '/images/:id/file', upload, 'stream'),
  route('GET', '/images/:id/file', download, 'ignored'),
  route('HEAD', '/images/:id/file', head, 'ignored'),
]
