/**
 * Makes a queued image of an object that is in the cluster already. Its bytes are read once, for hash and format, and stay
 * where they are. The order of steps:
 *
 * 1. the record names the object as what it is waiting for;
 * 2. the object, and what it is made of, is held: it can be neither overwritten nor deleted (`held-objects.ts`);
 * 3. the bytes are read;
 * 4. the record says `active`, with the object as its place.
 *
 * Died before 4: the sweeper frees the image, then lets go of the object; no byte was stored. Deleting the image lets go of it.
 */
import type { VersionName } from '#store/contract.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord, PendingData } from '../model/image-record.ts'
import { formatsMissing, isGone, transitionMessage, withStatus } from '../model/image-status.ts'
import { conflict, Refusal, unavailable } from '../refusal.ts'
import { onItsOwn, type Registry } from '../registry.ts'
import type { ExpectedHash } from './expected-hash.ts'
import { keepingAlive } from './heartbeat.ts'
import { holdObjects, releaseObjects } from './held-objects.ts'
import type { ImageStore } from './image-store.ts'
import type { Intake } from './intake.ts'
import { newIntake, signedOtherwise } from './new-intake.ts'
import { giveUp, sourceRefusal, verdictOn, withFacts } from './upload.ts'

export interface Adoption {
  readonly id: string
  readonly store: ImageStore
  /** Of the object, in the store. */
  readonly key: string
  /** The object, and what its bytes are in. */
  readonly parts: readonly VersionName[]
  readonly url: string
  /** That the bytes must have. */
  readonly expectedHash?: ExpectedHash | undefined
}

/** The image that waits, or why it does not; 409 when it is not queued. */
export function beginAdoption(
  { records, environment }: Registry,
  context: OperationContext,
  { id, store, key }: Adoption,
): Promise<ImageRecord | Refusal> {
  const nowMs = environment.clock.wallMs()
  const pending: PendingData = { kind: 'upload', key, store: store.id, aliveAt: nowMs }
  const begin = (image: ImageRecord): ImageRecord | Refusal => {
    if (image.status !== 'queued')
      return conflict(`Only queued images can be given a location; this one is ${image.status}.`)
    const missing = formatsMissing(image)
    if (missing !== undefined) return missing
    const saving = withStatus(image, 'saving')
    return saving instanceof Refusal ? saving : { ...saving, pending, updatedAt: nowMs }
  }
  return records.change(context, id, begin, 'server')
}

/** The rest; the image is `active` or `queued` afterwards. */
export async function finishAdoption(
  registry: Registry,
  context: OperationContext,
  adoption: Adoption,
  image: ImageRecord,
): Promise<ImageRecord | Refusal> {
  const own = onItsOwn(context)
  const { id, key, store, url } = adoption
  const looked = await keepingAlive(registry, own, id, key, () => look(registry, own, adoption, image))
  const done =
    looked instanceof Refusal
      ? looked
      : await registry.records.change(
          own,
          id,
          (now) => {
            if (isGone(now)) return new Refusal(410, `Image ${id} was deleted meanwhile.`)
            if (now.pending?.key !== key) return conflict(transitionMessage(now.status, 'active'))
            const facts = looked.facts(image)
            const otherwise = signedOtherwise(now, facts)
            if (otherwise !== undefined) return otherwise
            const { pending: _done, ...rest } = now
            const locations = [{ store: store.id, key, url }]
            const updatedAt = registry.environment.clock.wallMs()
            return { ...withFacts(rest, facts), status: 'active', locations, updatedAt }
          },
          'server',
        )
  if (done instanceof Refusal) {
    registry.log.warn({ image: id, reason: done.message }, 'an object did not become an image')
    await giveUp(registry, own, { id, key, store })
    await releaseObjects(registry, own)
  }
  return done
}

/** Steps 2 and 3. */
async function look(
  registry: Registry,
  context: OperationContext,
  adoption: Adoption,
  image: ImageRecord,
): Promise<Intake | Refusal> {
  const { store, key, expectedHash } = adoption
  const notHeld = await holdObjects(registry, context, adoption)
  if (notHeld !== undefined) return notHeld
  const read = await store.read(context, key, undefined)
  if (read.kind !== 'found') return unavailable('The object cannot be read.')
  const intake = await newIntake(registry, context, image)
  if (intake instanceof Refusal) {
    await read.body.cancel()
    return intake
  }
  try {
    for await (const chunk of read.body) {
      expectedHash?.look(chunk)
      intake.look(chunk)
    }
  } catch (error) {
    await read.body.cancel()
    return sourceRefusal(error)
  }
  const refusal = verdictOn(registry, intake, image)
  if (refusal !== undefined) return refusal
  const isExpected = expectedHash === undefined || expectedHash.isMet()
  return isExpected ? intake : conflict('The object has another hash than was said.')
}
