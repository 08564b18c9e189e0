/** What the installation can do: stores, import methods, what a project uses. */
import { type Json, jsonAnswer } from '../answers.ts'
import type { ImageStore } from '../data/image-store.ts'
import { isService, notPermitted } from '../policy.ts'
import { notFound, Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import { usageOf } from '../usage.ts'
import type { ImageVerb } from '../visit.ts'
import { type ImageRoute, route } from './route.ts'

const stores: ImageVerb = async ({ registry }) => {
  if (!registry.stores.areSeveral) return notFound('Multi backend is not supported at this site.')
  return jsonAnswer(200, { stores: registry.stores.all.map((store) => storeView(registry, store)) })
}

const storesInDetail: ImageVerb = async ({ registry, caller }) => {
  if (!isService(caller)) return notPermitted('stores_info_detail')
  if (!registry.stores.areSeveral) return notFound('Multi backend is not supported at this site.')
  const detail = (store: ImageStore): Json => ({
    ...storeView(registry, store),
    type: store.type,
    weight: 0,
    properties: store.properties,
  })
  return jsonAnswer(200, { stores: registry.stores.all.map(detail) })
}

/** Flags are texts, and absent when they are not set. */
function storeView(
  { stores: { default: first } }: Registry,
  store: ImageStore,
): Readonly<Record<string, Json>> {
  return {
    id: store.id,
    description: store.description,
    ...(store === first ? { default: 'true' } : {}),
    ...(store.access === 'read_only' ? { 'read-only': 'true' } : {}),
  }
}

const importMethods: ImageVerb = async ({ registry }) =>
  jsonAnswer(200, {
    'import-methods': {
      description: 'Import methods available.',
      type: 'array',
      value: [...registry.options.importMethods],
    },
  })

const usage: ImageVerb = async ({ registry, context, caller }) => {
  const used = await usageOf(registry, context, caller.projectId ?? null)
  return used instanceof Refusal ? used : jsonAnswer(200, { usage: used })
}

export const infoRoutes: readonly ImageRoute[] = [
  route('GET', '/info/stores', stores, 'ignored'),
  route('GET', '/info/stores/detail', storesInDetail, 'ignored'),
  route('GET', '/info/import', importMethods, 'ignored'),
  route('GET', '/info/usage', usage, 'ignored'),
]
