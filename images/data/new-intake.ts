/** The intake of an image's bytes, which verifies them where the image is signed. */

import type { ImageFacts, ImageRecord } from '../model/image-record.ts'
import { conflict, Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import type { AskedContext } from '../signatures/certificates.ts'
import { fingerprintOf } from '../signatures/image-signature.ts'
import { signatureCheckOf } from '../signatures/signature-check.ts'
import { Intake } from './intake.ts'

/** 400 when the image is signed in a way that can never be verified here. */
export async function newIntake(
  { certificates, options }: Pick<Registry, 'certificates' | 'options'>,
  context: AskedContext,
  { properties }: Pick<ImageRecord, 'properties'>,
): Promise<Intake | Refusal> {
  const check = await signatureCheckOf(certificates, context, properties)
  return check instanceof Refusal ? check : new Intake(options.limits.imageSizeBytes, check)
}

/** 409 when the image is signed otherwise by now than what was verified: it must not become active so. */
export function signedOtherwise(
  { properties }: Pick<ImageRecord, 'properties'>,
  { signed }: Pick<ImageFacts, 'signed'>,
): Refusal | undefined {
  if (fingerprintOf(properties) === signed) return undefined
  return conflict('The signature of the image was changed while its data came.')
}
