/**
 * What an installation has done to images on their way in, by imports and not by uploads (OpenStack Glance, `image_import_plugins`):
 * what is compressed is unpacked, then disks are converted to one format. Signed images stay as they were signed, and so does what
 * is in a container, or of a format that cannot be converted.
 */
import { Intake } from '../data/intake.ts'
import { newIntake } from '../data/new-intake.ts'
import { sourceRefusal, type Taking, takeBytes, verdictOn } from '../data/upload.ts'
import type { ImageFacts, ImageRecord } from '../model/image-record.ts'
import { badRequest, Refusal, unavailable } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import type { AskedContext } from '../signatures/certificates.ts'
import { fingerprintOf } from '../signatures/image-signature.ts'
import { unpacked } from './gunzip.ts'
import { type Conversion, isConvertible, type TargetFormat } from './qemu-converter.ts'

export const IMPORT_PLUGINS = ['image_decompression', 'image_conversion'] as const
export type ImportPlugin = (typeof IMPORT_PLUGINS)[number]

export interface Imported {
  /** Of the bytes as they are kept. */
  readonly facts: ImageFacts
  /** Of the bytes as they came. */
  readonly original: ImageFacts
  /** What they are now, where that is something else than was declared. */
  readonly formats?: { readonly diskFormat: string; readonly containerFormat: string } | undefined
}

export interface ImportPlan {
  readonly unpacks: boolean
  readonly convertsTo: TargetFormat | undefined
}

/** What is to be done to an image. */
export function planOf({ options }: Pick<Registry, 'options'>, image: ImageRecord): ImportPlan {
  const { plugins, outputFormat } = options.imports
  const isSigned = fingerprintOf(image.properties) !== undefined
  const { diskFormat, containerFormat } = image
  const isOther = diskFormat !== outputFormat && !(diskFormat === 'gpt' && outputFormat === 'raw')
  const mayConvert =
    plugins.includes('image_conversion') && containerFormat === 'bare' && isOther && !isSigned
  return {
    unpacks: plugins.includes('image_decompression') && containerFormat !== 'compressed' && !isSigned,
    convertsTo: mayConvert && isConvertible(diskFormat) ? outputFormat : undefined,
  }
}

/** Brings the bytes of an import to a store, as the plan has them. */
export async function takeImported(
  registry: Registry,
  context: AskedContext,
  taking: Taking,
  plan: ImportPlan,
): Promise<Imported | Refusal> {
  if (!plan.unpacks && plan.convertsTo === undefined) {
    const facts = await takeBytes(registry, context, taking)
    return facts instanceof Refusal ? facts : { facts, original: facts }
  }
  const { sizeBytes: announced, declared } = taking
  const received = new Intake(registry.options.limits.imageSizeBytes)
  const came = received.through(taking.source)
  const source = plan.unpacks ? unpacked(came) : came
  const changed = { ...taking, source, sizeBytes: undefined }
  const taken = await (plan.convertsTo === undefined
    ? takeBytes(registry, context, changed)
    : convert(registry, context, changed, { to: plan.convertsTo, leastBytes: announced ?? 0 }))
  if (taken instanceof Refusal) return taken
  if (announced !== undefined && received.sizeBytes !== announced) {
    return badRequest(`The image has ${received.sizeBytes} bytes, and ${announced} were announced.`)
  }
  const { diskFormat, containerFormat } = declared
  const formats = {
    diskFormat: plan.convertsTo ?? diskFormat ?? 'raw',
    containerFormat: containerFormat ?? 'bare',
  }
  return { facts: taken, original: received.facts(declared), formats }
}

async function convert(
  registry: Registry,
  context: AskedContext,
  taking: Taking,
  { to, leastBytes }: Pick<Conversion, 'to' | 'leastBytes'>,
): Promise<ImageFacts | Refusal> {
  const { declared, source } = taking
  const { converter } = registry
  if (converter === undefined) return unavailable('Images cannot be converted here.')
  const intake = await newIntake(registry, context, declared)
  if (intake instanceof Refusal) return intake
  const conversion = { source: intake.through(source), from: declared.diskFormat ?? '', to, leastBytes }
  const inspected = (): Refusal | undefined => verdictOn(registry, intake, declared)
  try {
    return await converter.convert(conversion, inspected, (converted) =>
      takeBytes(registry, context, {
        ...taking,
        source: converted,
        declared: { ...declared, diskFormat: to },
      }),
    )
  } catch (error) {
    return sourceRefusal(error)
  }
}
