/** How the bytes of an import come: they are the staged ones, or from a URI, or from another registry. */
import { BodyError } from '#http/message.ts'
import type { OperationContext } from '#store/contract.ts'
import type { ByteSource, ImageStore } from '../data/image-store.ts'
import { takeBytes } from '../data/upload.ts'
import type { ImageFacts } from '../model/image-record.ts'
import { badRequest, conflict, Refusal, unavailable } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import { sizeRefusal } from '../usage.ts'
import type { BegunImport } from './begin-import.ts'
import { copyChecked } from './checked-copy.ts'
import { findGlanceImage, type GlanceImage } from './glance-source.ts'
import type { ElsewhereImage, ImportOrder } from './import-order.ts'
import { stagedFacts } from './staged-facts.ts'
import { openWebSource, type WebSource } from './web-source.ts'

/** What another registry says of the image. */
export type Said = Pick<GlanceImage, 'diskFormat' | 'containerFormat' | 'properties'>

export interface Taken {
  readonly facts: ImageFacts
  readonly said?: Said | undefined
}

/** Brings the bytes to the first store of an import, from wherever the order says. */
export async function firstCopy(
  registry: Registry,
  context: OperationContext,
  order: ImportOrder,
  begun: BegunImport,
  store: ImageStore,
): Promise<Taken | Refusal> {
  const { elsewhere } = order
  if (elsewhere !== undefined) return await fromGlance(registry, context, elsewhere, begun, store)
  const facts =
    order.method === 'glance-direct'
      ? await fromStage(registry, context, begun, store)
      : await fromWeb(registry, context, await openUri(registry, order), begun, store)
  return facts instanceof Refusal ? facts : { facts }
}

async function fromStage(
  registry: Registry,
  context: OperationContext,
  { image, key }: BegunImport,
  target: ImageStore,
): Promise<ImageFacts | Refusal> {
  const { cluster, stores } = registry
  const { staged } = image
  if (staged === undefined) return conflict('Nothing is staged.')
  const facts = await stagedFacts(registry, context, image, staged)
  if (facts instanceof Refusal || target.id === cluster.id) return facts
  const read = await stores.find(staged.store)?.read(context, staged.key, undefined)
  if (read?.kind !== 'found') return unavailable('The staged data cannot be read now.')
  const copied = await copyChecked(context, { read, target, key, hashValue: staged.facts.hashValue })
  return copied instanceof Refusal ? copied : facts
}

async function fromWeb(
  registry: Registry,
  context: OperationContext,
  opened: WebSource | Refusal,
  { image, key }: BegunImport,
  store: ImageStore,
): Promise<ImageFacts | Refusal> {
  if (opened instanceof Refusal) return opened
  const { sizeBytes } = opened
  const source = asBody(opened.source)
  try {
    const taken = await takeBytes(registry, context, {
      id: image.id,
      key,
      source,
      store,
      sizeBytes,
      declared: image,
    })
    return taken instanceof Refusal && taken.status === 499
      ? badRequest('The server of the URI broke off.')
      : taken
  } finally {
    await opened.cancel()
  }
}

function openUri({ fetch, options }: Registry, { uri = '' }: ImportOrder): Promise<WebSource | Refusal> {
  return openWebSource(fetch, options.fetchRules, uri)
}

/** The image is of the formats that the other registry says, and its bytes must have the hash that it says. */
async function fromGlance(
  registry: Registry,
  context: OperationContext,
  elsewhere: ElsewhereImage,
  begun: BegunImport,
  store: ImageStore,
): Promise<Taken | Refusal> {
  const { fetch, options } = registry
  const found = await findGlanceImage({ fetch, rules: options.fetchRules, ...elsewhere })
  if (found instanceof Refusal) return found
  const { diskFormat, containerFormat, properties, sizeBytes, hash } = found.image
  const refused = await sizeRefusal(registry, context, begun.image.owner, sizeBytes)
  if (refused !== undefined) return refused
  const opened = await found.open()
  const all = { ...begun.image.properties, ...properties }
  const declared = { ...begun, image: { ...begun.image, diskFormat, containerFormat, properties: all } }
  const facts = await fromWeb(registry, context, opened, declared, store)
  if (facts instanceof Refusal) return facts
  const isWhole = facts.sizeBytes === sizeBytes && (hash === undefined || facts[hash.of] === hash.value)
  if (!isWhole) return badRequest('The bytes are not those that the other registry says the image has.')
  return { facts, said: { diskFormat, containerFormat, properties } }
}

/** What goes wrong with the other server is to the store what goes wrong with a client. */
async function* asBody(source: ByteSource): AsyncGenerator<Buffer> {
  try {
    yield* source
  } catch (error) {
    throw new BodyError('SENDER_GONE', error)
  }
}
