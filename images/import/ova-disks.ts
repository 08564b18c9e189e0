/**
 * Makes images of the disks of an OVA, after it became an image itself. Each disk is an image like any other: created, uploaded,
 * active, one after the other, so that whoever dies on the way leaves some of them whole, and at most one without data. Its bytes
 * are inspected like those that a client sends.
 */
import { BodyError, readWhole } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import { unpacked } from '../conversion/gunzip.ts'
import { openOriginal } from '../data/download.ts'
import type { ByteSource } from '../data/image-store.ts'
import { sourceRefusal, uploadImage } from '../data/upload.ts'
import { emit } from '../events.ts'
import { HEAD_BYTES } from '../formats/disk-format.ts'
import { FormatInspector } from '../formats/inspector.ts'
import { ovfDiskFiles } from '../formats/ovf.ts'
import { type TarMember, tarMembers } from '../formats/tar-members.ts'
import { DISK_FORMATS, type ImageRecord, newImage } from '../model/image-record.ts'
import { badRequest, Refusal, unavailable } from '../refusal.ts'
import { newUuid, type Registry } from '../registry.ts'
import type { AskedContext } from '../signatures/certificates.ts'
import { countRefusal, sizeRefusal } from '../usage.ts'

/** Disks of one machine. */
const DISKS_MAX = 64
const NAME_LENGTH = 255

export interface MadeDisks {
  /** Ids of the images that were made, in the order of the descriptor. */
  readonly ids: readonly string[]
  /** Why there are no more. */
  readonly refusal: Refusal | undefined
}

/** Stops at the first disk of which no image can be made; images that were made stay. */
export async function makeDisks(
  registry: Registry,
  context: AskedContext,
  ova: ImageRecord,
): Promise<MadeDisks> {
  const disks = await disksIn(registry, context, ova)
  if (disks instanceof Refusal) return { ids: [], refusal: disks }
  const ids: string[] = []
  for (const [at, disk] of disks.entries()) {
    const made = await makeDisk(registry, context, ova, disk, at + 1).catch(sourceRefusal)
    if (made instanceof Refusal) return { ids, refusal: made }
    ids.push(made.id)
  }
  return { ids, refusal: undefined }
}

async function disksIn(
  registry: Registry,
  context: AskedContext,
  ova: ImageRecord,
): Promise<readonly TarMember[] | Refusal> {
  const read = async (range: ByteRange): Promise<Buffer> => {
    const opened = await openOriginal(registry, context, ova, range)
    if (opened.kind !== 'found') throw new Error('the image cannot be read')
    return await readWhole(opened.body, range.end - range.start)
  }
  const sizeBytes = ova.sizeBytes ?? 0
  try {
    const files = ovfDiskFiles(await read({ start: 0, end: Math.min(sizeBytes, HEAD_BYTES) }))
    if (files.length === 0) return badRequest('No descriptor of the archive names a disk.')
    if (files.length > DISKS_MAX)
      return badRequest(`An OVA with more than ${DISKS_MAX} disks is not taken apart.`)
    const members = await tarMembers(sizeBytes, read)
    const found = files.map((file) => members.find(({ name }) => name === file))
    const disks = found.filter((member) => member !== undefined)
    return disks.length === files.length ? disks : badRequest('A disk is not in the archive.')
  } catch (error) {
    context.log.warn({ err: error, image: ova.id }, 'an OVA cannot be read')
    return unavailable('The OVA cannot be read now.')
  }
}

async function makeDisk(
  registry: Registry,
  context: AskedContext,
  ova: ImageRecord,
  { name: file, range }: TarMember,
  number: number,
): Promise<ImageRecord | Refusal> {
  const lengthBytes = range.end - range.start
  const refused =
    (await countRefusal(registry, context, ova.owner)) ??
    (await sizeRefusal(registry, context, ova.owner, lengthBytes))
  if (refused !== undefined) return refused
  const diskFormat = await formatOf(opened(registry, context, ova, range))
  const name = `${ova.name ?? ova.id} disk ${number}`.slice(-NAME_LENGTH)
  const draft = {
    name,
    diskFormat,
    containerFormat: 'bare',
    owner: ova.owner,
    // Who imports need not be let publish.
    visibility: ova.visibility === 'public' ? ('shared' as const) : ova.visibility,
    isProtected: false,
    isHidden: false,
    minRam: 0,
    minDisk: 0,
    tags: [],
    properties: { ovf_image: ova.id, ovf_disk_file: file.slice(-NAME_LENGTH) },
  }
  const image = newImage(draft, newUuid(registry), registry.environment.clock.wallMs())
  const created = await registry.records.create(context, image)
  if (created instanceof Refusal) return created
  emit(registry, 'image.create', created)
  const source = unpacked(opened(registry, context, ova, range))
  const made = await uploadImage(registry, context, {
    id: created.id,
    source,
    store: registry.stores.default,
  })
  if (!(made instanceof Refusal)) emit(registry, 'image.activate', made)
  return made
}

async function* opened(
  registry: Registry,
  context: AskedContext,
  ova: ImageRecord,
  range: ByteRange,
): AsyncGenerator<Buffer> {
  const read = await openOriginal(registry, context, ova, range)
  if (read.kind !== 'found') throw new BodyError('SENDER_GONE')
  try {
    yield* read.body
  } finally {
    await read.body.cancel()
  }
}

/** What the disk is; descriptors seldom say it in a way that can be relied on. */
async function formatOf(source: ByteSource): Promise<string> {
  const inspector = new FormatInspector()
  let seenBytes = 0
  for await (const chunk of unpacked(source)) {
    inspector.update(chunk)
    seenBytes += chunk.length
    if (seenBytes >= HEAD_BYTES) break
  }
  const { name } = inspector.inspect().format
  return name !== 'gpt' && (DISK_FORMATS as readonly string[]).includes(name) ? name : 'raw'
}
