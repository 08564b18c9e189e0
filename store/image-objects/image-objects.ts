/**
 * Objects that share the bytes of an image, as a layer of the store. They lie below links and versions: whoever copies one
 * to somewhere else reads its bytes here and stores them again, and never the mark, so that a mark is where the registry
 * knows of it and nowhere else (`images/data/export-image.ts`). A plain object costs one look-up in the headers of its answer.
 */
import type { Random } from '#base/environment.ts'
import type { BodyStream } from '#http/message.ts'
import { type ByteRange, parseRange } from '#http/ranges.ts'
import type {
  ObjectOperations,
  ObjectPut,
  ObjectReadOptions,
  ObjectReadOutcome,
  StoreLayer,
} from '../contract.ts'
import { rangedAnswer } from '../large-objects/joined-answer.ts'
import { objectsOver } from '../layering.ts'
import type { OperationContext } from '../operation.ts'
import { meetingStandIns, onShownEtag, type StandIn } from '../stand-ins.ts'
import { letGo } from '../symlinks/follow.ts'
import { IMAGE_ETAG, IMAGE_KEY, markIn, putOfImage, type StoredMark } from './image-mark.ts'

/** What keeps the bytes of images. */
export interface ImageBytes {
  /** Gives any range of the bytes under a key. */
  open(
    context: OperationContext,
    key: string,
  ): Promise<((range: ByteRange) => BodyStream) | 'absent' | 'unavailable'>
}

const IMAGES: StandIn = { marks: IMAGE_KEY, etagIsAt: IMAGE_ETAG }

export interface ImageObjectsDeps {
  readonly random: Random
  readonly bytes: ImageBytes
}

export function imageObjects(deps: ImageObjectsDeps): StoreLayer {
  return (inner) => ({ ...inner, objects: operations(inner.objects, deps) })
}

function operations(inner: ObjectOperations, deps: ImageObjectsDeps): ObjectOperations {
  return objectsOver(inner, {
    async read(context, name, options) {
      const outcome = await inner.read(context, name, meetingStandIns(options, IMAGES))
      const mark = 'headers' in outcome ? markIn(outcome.headers) : undefined
      return mark === undefined ? outcome : await answer(deps, context, options, outcome, mark)
    },
    async put(context, name, given) {
      const put = onShownEtag(given, IMAGES)
      const image = putOfImage(put, name)
      if (image === undefined) return await inner.put(context, name, put)
      if (image === 'misplaced') return await refused(put)
      const stored = await inner.put(context, name, put)
      return stored.kind === 'created' ? { ...stored, ...image } : stored
    },
    delete: (context, name, options) => inner.delete(context, name, onShownEtag(options, IMAGES)),
  })
}

async function refused(put: ObjectPut): ReturnType<ObjectOperations['put']> {
  await put.body.cancel()
  return { kind: 'bad_request', reason: 'A container that keeps versions cannot share the bytes of an image' }
}

async function answer(
  { random, bytes }: ImageObjectsDeps,
  context: OperationContext,
  { method, conditions }: ObjectReadOptions,
  outcome: ObjectReadOutcome,
  { key, sizeBytes, headers }: StoredMark,
): Promise<ObjectReadOutcome> {
  if (outcome.kind !== 'found' || method === 'HEAD') return { ...outcome, headers } as ObjectReadOutcome
  await letGo(outcome)
  const open = await bytes.open(context, key)
  if (open === 'absent') {
    context.log.error({ key }, 'the bytes of an image that an object shares are gone')
    return { kind: 'conflict', newest: undefined }
  }
  if (open === 'unavailable') return { kind: 'unavailable', reason: 'the bytes of the image cannot be read' }
  const begin = async (): Promise<void> => {}
  const body = (range: ByteRange): BodyStream & { begin(): Promise<void> } => {
    const stream = open(range)
    return {
      begin,
      cancel: () => stream.cancel(),
      [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
    }
  }
  return await rangedAnswer(random, { headers, sizeBytes, body }, parseRange(conditions['range']))
}
