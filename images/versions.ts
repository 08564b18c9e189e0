/** Which versions of the Images API there are; each is served as v2. */
import type { Response } from '#http/message.ts'
import { jsonAnswer } from './answers.ts'
import type { Registry } from './registry.ts'

/** Of an installation with one store; from 2.8 on, of one with several, but for 2.9. */
const ONE_STORE = ['2.9', '2.7', '2.6', '2.5', '2.4', '2.3', '2.2', '2.1', '2.0']
const SEVERAL_STORES = [
  '2.13',
  '2.12',
  '2.11',
  '2.10',
  '2.9',
  '2.8',
  '2.7',
  '2.6',
  '2.5',
  '2.4',
  '2.3',
  '2.2',
  '2.1',
  '2.0',
]
const CURRENT = '2.17'
const ALL = new Set(['2', CURRENT, '2.16', '2.15', '2.14', ...SEVERAL_STORES])

/** `v2`, `v2.0` … of any version there is. */
export function isVersionSegment(segment: string): boolean {
  return segment.startsWith('v') && ALL.has(segment.slice(1))
}

export function versionsAnswer(
  status: 200 | 300,
  { stores }: Pick<Registry, 'stores'>,
  baseUrl: string,
): Response {
  const supported = ['2.15', ...(stores.areSeveral ? SEVERAL_STORES : ONE_STORE)]
  const links = [{ rel: 'self', href: `${baseUrl}/v2/` }]
  return jsonAnswer(status, {
    versions: [
      { id: `v${CURRENT}`, status: 'CURRENT', links },
      ...supported.map((id) => ({ id: `v${id}`, status: 'SUPPORTED', links })),
    ],
  })
}
