/**
 * Makes the records of images anew from what is stored beside their bytes, where they are lost. What was changed after the
 * bytes came (names, members, visibility) is as it was then; images that have a record are left alone.
 */
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'

export interface Rebuilt {
  readonly made: readonly ImageRecord[]
  /** Images whose description is missing or cannot be read. */
  readonly unknown: readonly string[]
}

/** Rejects when the cluster cannot be asked; what was made until then stays. */
export async function rebuild(registry: Registry, context: OperationContext): Promise<Rebuilt> {
  const objects = await registry.cluster.list(context, '')
  if (objects === undefined) throw new Error('the data of images cannot be listed now')
  const keys = objects.flatMap(({ name }) => (name.endsWith('/map') ? [name.slice(0, -'/map'.length)] : []))
  const made: ImageRecord[] = []
  const unknown: string[] = []
  for (const key of keys) {
    const outcome = await rebuildOne(registry, context, key)
    if (outcome === 'unknown') unknown.push(key)
    else if (outcome !== 'there') made.push(outcome)
  }
  return { made, unknown }
}

async function rebuildOne(
  { records, cluster }: Registry,
  context: OperationContext,
  key: string,
): Promise<ImageRecord | 'there' | 'unknown'> {
  const there = await records.find(context, key.slice(0, key.indexOf('/')))
  if (there instanceof Refusal) throw new Error(there.message)
  if (there !== undefined) return 'there'
  const map = await cluster.map(context, key)
  if (map === 'absent' || map === 'unavailable' || map.image === undefined) return 'unknown'
  const image: ImageRecord = { ...map.image, status: 'active', locations: [{ store: cluster.id, key }] }
  const made = await records.create(context, image)
  if (made instanceof Refusal && made.status !== 409) throw new Error(made.message)
  return made instanceof Refusal ? 'there' : made
}
