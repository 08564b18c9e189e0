/** Which versions of the Images API there are; each is served as v2. */
import type { Response } from '#http/message.ts'
import { jsonAnswer } from './answers.ts'
import type { Registry } from './registry.ts'

/** In the order in which OpenStack Glance lists them (`api/versions.py`). */
const ALWAYS = ['2.7', '2.6', '2.5', '2.4', '2.3', '2.2', '2.1', '2.0']
const ONE_STORE = ['2.9']
const SEVERAL_STORES = ['2.13', '2.12', '2.11', '2.10', '2.9', '2.8']
const CACHE = ['2.18', '2.17', '2.16', '2.15', '2.14']
/** The newest of an installation without a cache. */
const NO_CACHE = ['2.17']
const ALL = new Set(['2', ...CACHE, ...SEVERAL_STORES, ...ALWAYS])

/** `v2`, `v2.0` … of any version there is. */
export function isVersionSegment(segment: string): boolean {
  return segment.startsWith('v') && ALL.has(segment.slice(1))
}

export function versionsAnswer(
  status: 200 | 300,
  { stores, options }: Pick<Registry, 'stores' | 'options'>,
  baseUrl: string,
): Response {
  const ofStores = stores.areSeveral ? SEVERAL_STORES : ONE_STORE
  const ids =
    options.cache === undefined
      ? ['2.15', ...ofStores, ...NO_CACHE, ...ALWAYS]
      : [...CACHE, ...ofStores, ...ALWAYS]
  const [current] = options.cache === undefined ? NO_CACHE : CACHE
  const links = [{ rel: 'self', href: `${baseUrl}/v2/` }]
  return jsonAnswer(status, {
    versions: ids.map((id) => ({ id: `v${id}`, status: id === current ? 'CURRENT' : 'SUPPORTED', links })),
  })
}
