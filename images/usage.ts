/**
 * What a project uses of what it may use, counted from the view of all images. Counts are as old as the view, under a
 * second: uploads at the same moment may pass a limit once; the next one is refused.
 */
import type { OperationContext } from '#store/operation.ts'
import type { Json } from './answers.ts'
import type { ImageRecord } from './model/image-record.ts'
import { isGone } from './model/image-status.ts'
import { overLimit, Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'

const MIB = 1024 * 1024

interface Used {
  readonly images: number
  readonly bytes: number
  readonly stagedBytes: number
  readonly uploading: number
}

async function used(
  { records }: Registry,
  context: OperationContext,
  owner: string | null,
): Promise<Used | Refusal> {
  const index = await records.index(context)
  if (index instanceof Refusal) return index
  const total = { images: 0, bytes: 0, stagedBytes: 0, uploading: 0 }
  for (const image of index.values()) {
    if (image.owner !== owner) continue
    if (isGone(image)) {
      // What objects share is there, and was brought by whoever owned the image.
      total.bytes += (image.references ?? []).length > 0 ? (image.sizeBytes ?? 0) : 0
      continue
    }
    total.images += 1
    total.bytes += (image.sizeBytes ?? 0) * Math.max(1, image.locations.length)
    total.stagedBytes += image.staged?.sizeBytes ?? 0
    if (isUploading(image)) total.uploading += 1
  }
  return total
}

function isUploading({ status }: ImageRecord): boolean {
  return status === 'saving' || status === 'uploading' || status === 'importing'
}

/** As `/v2/info/usage` tells it: sizes in MiB; nothing where nothing is limited. */
export async function usageOf(
  registry: Registry,
  context: OperationContext,
  owner: string | null,
): Promise<Json | Refusal> {
  const { limits } = registry.options
  const total = await used(registry, context, owner)
  if (total instanceof Refusal) return total
  return {
    ...(limits.projectBytes > 0
      ? {
          image_size_total: {
            usage: Math.ceil(total.bytes / MIB),
            limit: Math.floor(limits.projectBytes / MIB),
          },
        }
      : {}),
    ...(limits.projectStagedBytes > 0
      ? {
          image_stage_total: {
            usage: Math.ceil(total.stagedBytes / MIB),
            limit: Math.floor(limits.projectStagedBytes / MIB),
          },
        }
      : {}),
    ...(limits.projectImages > 0
      ? { image_count_total: { usage: total.images, limit: limits.projectImages } }
      : {}),
    ...(limits.projectUploads > 0
      ? { image_count_uploading: { usage: total.uploading, limit: limits.projectUploads } }
      : {}),
  }
}

/** 413 when the project may have no further image. */
export async function countRefusal(
  registry: Registry,
  context: OperationContext,
  owner: string | null,
): Promise<Refusal | undefined> {
  const { projectImages } = registry.options.limits
  if (projectImages <= 0) return undefined
  const total = await used(registry, context, owner)
  if (total instanceof Refusal) return total
  return total.images < projectImages ? undefined : exceeded('image_count_total', total.images, projectImages)
}

/** 413 when the project may not bring in so many more bytes, or not now. */
export async function sizeRefusal(
  registry: Registry,
  context: OperationContext,
  owner: string | null,
  moreBytes: number,
): Promise<Refusal | undefined> {
  const { projectBytes, projectUploads, imageSizeBytes } = registry.options.limits
  if (moreBytes > imageSizeBytes)
    return overLimit(`The image is larger than the limit of ${imageSizeBytes} bytes.`)
  if (projectBytes <= 0 && projectUploads <= 0) return undefined
  const total = await used(registry, context, owner)
  if (total instanceof Refusal) return total
  if (projectBytes > 0 && total.bytes + moreBytes > projectBytes) {
    return exceeded(
      'image_size_total',
      Math.ceil((total.bytes + moreBytes) / MIB),
      Math.floor(projectBytes / MIB),
    )
  }
  if (projectUploads <= 0 || total.uploading < projectUploads) return undefined
  return exceeded('image_count_uploading', total.uploading, projectUploads)
}

/** 413 when the project may not stage so many more bytes. */
export async function stageRefusal(
  registry: Registry,
  context: OperationContext,
  owner: string | null,
  moreBytes: number,
): Promise<Refusal | undefined> {
  const { projectStagedBytes } = registry.options.limits
  if (projectStagedBytes <= 0) return undefined
  const total = await used(registry, context, owner)
  if (total instanceof Refusal) return total
  const staged = total.stagedBytes + moreBytes
  if (staged <= projectStagedBytes) return undefined
  return exceeded('image_stage_total', Math.ceil(staged / MIB), Math.floor(projectStagedBytes / MIB))
}

function exceeded(resource: string, usage: number, limit: number): Refusal {
  return overLimit(`Project is over its limit of ${resource}: usage ${usage}, limit ${limit}.`)
}
