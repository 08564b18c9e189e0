/**
 * What is known of staged bytes, when they are imported. An owner may sign an image after it was staged: then the bytes are
 * read once more, and an import of others than were signed fails.
 */
import { newIntake } from '../data/new-intake.ts'
import { sourceRefusal } from '../data/upload.ts'
import type { ImageFacts, ImageRecord, StagedData } from '../model/image-record.ts'
import { Refusal, unavailable } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import type { AskedContext } from '../signatures/certificates.ts'
import { fingerprintOf } from '../signatures/image-signature.ts'

/** 400 when they are not what was signed. */
export async function stagedFacts(
  registry: Registry,
  context: AskedContext,
  image: ImageRecord,
  { facts, store, key }: StagedData,
): Promise<ImageFacts | Refusal> {
  const signed = fingerprintOf(image.properties)
  if (signed === facts.signed) return facts
  const intake = await newIntake(registry, context, image)
  if (intake instanceof Refusal) return intake
  const read = await registry.stores.find(store)?.read(context, key, undefined)
  if (read?.kind !== 'found') return unavailable('The staged data cannot be read now.')
  try {
    for await (const chunk of read.body) intake.look(chunk)
  } catch (error) {
    await read.body.cancel()
    return sourceRefusal(error)
  }
  return intake.signatureRefusal() ?? { ...facts, signed }
}
