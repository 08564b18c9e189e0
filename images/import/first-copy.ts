/** How the bytes of an import come: they are the staged ones, or from a URI, or from another registry. */
import { BodyError } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import { type Imported, type ImportPlan, planOf, takeImported } from '../conversion/import-plugins.ts'
import type { ByteSource, ImageStore } from '../data/image-store.ts'
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
  /** Under which the bytes are in the store. */
  readonly key: string
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
  if (order.method === 'glance-direct') return await fromStage(registry, context, begun, store)
  const { image, key } = begun
  const plan = planOf(registry, image)
  const taken = await fromWeb(registry, context, await openUri(registry, order), begun, store, plan)
  return taken instanceof Refusal ? taken : { facts: taken.facts, key, said: saidBy(taken) }
}

/** What the bytes are by now goes before what was declared. */
function saidBy({ formats }: Imported): Said | undefined {
  return formats && { ...formats, properties: {} }
}

/** What is staged in the cluster is in the cluster: it is moved by naming it, unless something is done to it on the way. */
async function fromStage(
  registry: Registry,
  context: OperationContext,
  { image, key }: BegunImport,
  target: ImageStore,
): Promise<Taken | Refusal> {
  const { cluster, stores } = registry
  const { staged } = image
  if (staged === undefined) return conflict('Nothing is staged.')
  const plan = planOf(registry, image)
  const isPacked = staged.facts.isPacked === true
  if (isPacked && !plan.unpacks) return badRequest('The staged data is compressed, and is not unpacked here.')
  if (isPacked || plan.convertsTo !== undefined) {
    const read = await stores.find(staged.store)?.read(context, staged.key, undefined)
    if (read?.kind !== 'found') return unavailable('The staged data cannot be read now.')
    const { sizeBytes, body } = read
    const taking = { id: image.id, key, source: body, store: target, sizeBytes, declared: image }
    const taken = await takeImported(registry, context, taking, { ...plan, unpacks: isPacked })
    await body.cancel()
    return taken instanceof Refusal ? taken : { facts: taken.facts, key, said: saidBy(taken) }
  }
  const facts = await stagedFacts(registry, context, image, staged)
  if (facts instanceof Refusal) return facts
  if (target.id === cluster.id) return { facts, key: staged.key }
  const read = await stores.find(staged.store)?.read(context, staged.key, undefined)
  if (read?.kind !== 'found') return unavailable('The staged data cannot be read now.')
  const copied = await copyChecked(context, { read, target, key, hashValue: facts.hashValue })
  return copied instanceof Refusal ? copied : { facts, key }
}

async function fromWeb(
  registry: Registry,
  context: OperationContext,
  opened: WebSource | Refusal,
  { image, key }: BegunImport,
  store: ImageStore,
  plan: ImportPlan,
): Promise<Imported | Refusal> {
  if (opened instanceof Refusal) return opened
  const { sizeBytes } = opened
  const source = asBody(opened.source)
  try {
    const taking = { id: image.id, key, source, store, sizeBytes, declared: image }
    const taken = await takeImported(registry, context, taking, plan)
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
  const plan = planOf(registry, declared.image)
  const taken = await fromWeb(registry, context, opened, declared, store, plan)
  if (taken instanceof Refusal) return taken
  const { facts, original, formats = { diskFormat, containerFormat } } = taken
  const isWhole = original.sizeBytes === sizeBytes && (hash === undefined || original[hash.of] === hash.value)
  if (!isWhole) return badRequest('The bytes are not those that the other registry says the image has.')
  return { facts, key: begun.key, said: { ...formats, properties } }
}

/** What goes wrong with the other server is to the store what goes wrong with a client. */
async function* asBody(source: ByteSource): AsyncGenerator<Buffer> {
  try {
    yield* source
  } catch (error) {
    throw new BodyError('SENDER_GONE', error)
  }
}
