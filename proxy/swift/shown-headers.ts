/**
 * Which headers of a storage server's answer a client is shown. Internal ones (`X-Backend-…`, sysmeta) are left to the
 * gatekeeper, which has the last word.
 */
import type { HeaderMap } from '#http/message.ts'
import { JOINED_HEADER } from '#store/large-objects/joined-answer.ts'
import { OWNER_HEADERS } from './visit.ts'

/** Of the hop to the storage server, or given by the proxy itself. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'connection',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
  'x-openstack-request-id',
  'x-trans-id',
])

/** Of an object: everything but the hop's own. */
export function shownObjectHeaders(stored: HeaderMap): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const name in stored) {
    const value = stored[name]
    if (value !== undefined && !NOT_PASSED_ON.has(name)) shown[name] = value
  }
  const type = shown['content-type']
  if (type?.includes(';') === true) shown['content-type'] = withoutSwiftBytes(type)
  const { etag } = shown
  // Storage servers quote it as RFC 9110 wants; Swift's clients have always been given it bare, save that of a large object.
  const isBare = stored[JOINED_HEADER] === undefined
  if (isBare && etag?.includes('"') === true) shown['etag'] = etag.replaceAll('"', '')
  shown['accept-ranges'] = 'bytes'
  return shown
}

/** The storage servers keep the size of a large object's parts in a parameter of its type. */
function withoutSwiftBytes(type: string): string {
  const semicolon = type.lastIndexOf(';')
  return type
    .slice(semicolon + 1)
    .trimStart()
    .startsWith('swift_bytes=')
    ? type.slice(0, semicolon)
    : type
}

/** Of an account or a container: counters, metadata, times. Access lists and keys are for owners. */
export function shownListingHeaders(
  stored: HeaderMap,
  access: { readonly owner: boolean },
): Record<string, string> {
  const shown: Record<string, string> = { 'accept-ranges': 'bytes' }
  for (const name in stored) {
    const value = stored[name]
    if (value !== undefined && isShown(name, access.owner)) shown[name] = value
  }
  return shown
}

function isShown(name: string, owner: boolean): boolean {
  if (name === 'last-modified') return true
  if (!name.startsWith('x-') || name === 'x-put-timestamp' || NOT_PASSED_ON.has(name)) return false
  return owner || !OWNER_HEADERS.includes(name)
}
