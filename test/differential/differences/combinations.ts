/** Differences in requests whose parts seldom come together. */
import type { KnownDifference } from './known-difference.ts'

export const COMBINATION_DIFFERENCES: readonly KnownDifference[] = [
  {
    step: /^combination: (stack|history), DELETE of a version$/,
    field: /^(status|body|header content-length)$/,
    statuses: [204, 400],
    what: 'In a container with an archive a DELETE of a version is refused (Swift deletes what is there).',
    reason: 'There are no versions, and what is there is not what was to be deleted.',
  },
  {
    step: 'combination: stack, DELETE of a version, GET',
    field: /^(body|header (etag|content-length))$/,
    what: 'So what is there stays.',
    reason: 'As above.',
  },
  {
    step: 'combination: history, DELETE of a version, GET',
    field: /^(status|body|header (content-(type|length)|etag|last-modified|accept-ranges|x-timestamp))$/,
    statuses: [404, 200],
    what: 'The same holds where the archive is a history.',
    reason: 'As above.',
  },
  {
    step: /^combination: (stack|history), PUT of a version$/,
    field: /^(status|body|header (content-length|etag|last-modified))$/,
    statuses: [201, 400],
    what: 'So is a PUT of a version (Swift stores an empty object).',
    reason: 'As above.',
  },
  {
    step: /^combination: (stack|history), PUT of a version, GET$/,
    field: /^(body|header (etag|content-length))$/,
    what: 'There, too, what is there stays.',
    reason: 'As above.',
  },
]
