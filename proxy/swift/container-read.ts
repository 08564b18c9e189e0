/** GET and HEAD of a container: its counters and metadata, and with GET its objects. */
import type { HeaderMap } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import { failureAnswer } from './failure-answers.ts'
import { listingAnswer } from './listing-answer.ts'
import { listingFormatOf, versionsFormatOf } from './listing-format.ts'
import { listingQueryFrom } from './listing-query.ts'
import { containerXml } from './listing-xml.ts'
import { shownContainerSettings } from './reseller-settings.ts'
import { shownListingHeaders } from './shown-headers.ts'
import { type ContainerVerb, isTrue } from './visit.ts'

export const containerRead: ContainerVerb = async (
  { store, policies },
  { name, request, transaction, access },
) => {
  const query = parseQuery(request.query)
  const isOfVersions = request.method === 'GET' && query.values.has('versions')
  const format = isOfVersions
    ? versionsFormatOf(request, query)
    : listingFormatOf(request, query, 'container')
  if (format.kind === 'refused') return format.response
  // A HEAD has no page that could be too large.
  const parsed = request.method === 'GET' ? listingQueryFrom(query, 'container') : undefined
  if (parsed?.kind === 'refused') return parsed.response
  const newest = isTrue(request.headers['x-newest'])
  const read = await store.containers.read(transaction, name, {
    ...(parsed && { listing: parsed.query }),
    newest,
  })
  if (read.kind !== 'found') return failureAnswer(read)
  const headers = {
    ...shownListingHeaders(read.headers, access),
    ...shownContainerSettings(read.headers),
  }
  if (access.by === 'reseller') headers['x-container-sharding'] = isSharded(read.headers)
  const policy = policies.byIndex(read.info.policyIndex)
  if (policy !== undefined) headers['x-storage-policy'] = policy.name
  return listingAnswer(read.page, format, headers, (entries) => containerXml(name.container, entries))
}

/** Told to resellers (OpenStack Swift, `proxy/controllers/container.py`); storage servers of ours shard nothing. */
function isSharded(stored: HeaderMap): 'True' | 'False' {
  return isTrue(stored['x-container-sysmeta-shard-enabled']) ? 'True' : 'False'
}
