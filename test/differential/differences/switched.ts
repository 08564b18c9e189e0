/** Differences while rates, rules for names or read-only mode are on. */
import type { KnownDifference } from './known-difference.ts'

export const SWITCHED_DIFFERENCES: readonly KnownDifference[] = [
  {
    step: 'name: with a line break behind the dots',
    field: /^(status|body|header content-length)$/,
    statuses: [400, 404],
    what: 'In a `forbidden_regexp`, `$` is the end of the path.',
    reason: 'For Python it is also the place before a line break at the end.',
  },
  {
    step: /^(rate: listing of the account|read-only: HEAD of the account)$/,
    field: /^header x-account-(read-only|global-write-ratelimit)$/,
    what: 'What resellers have set for an account is shown.',
    reason: 'Its owner sees why writes are refused.',
  },
  {
    step: 'rate: of all writes, POST to the account',
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 204],
    what: 'Resellers are not held to the rate of an account when they change its settings.',
    reason: 'They must be able to lift it. (Swift fails over refusing it, 500.)',
  },
  {
    step: 'rate: of whoever is shut out, HEAD',
    field: /^(status|header (content-type|vary|accept-ranges|x-.+))$/,
    statuses: [497, 204],
    what: 'The same holds for accounts that are shut out.',
    reason: 'As above.',
  },
  {
    step: 'read-only: GET of a container',
    field: 'header x-container-sharding',
    what: 'A container that is not there does not say whether it is sharded, to resellers either.',
    reason: 'It is not there.',
  },
  {
    step: /^read-only: (PUT of a(n object without a length| copy)|COPY (within it|into it))$/,
    field: /^(status|body|header content-(type|length))$/,
    statuses: [405, 404],
    what: 'What is wrong with a request besides is told before 405 says that nothing may be written.',
    reason: 'Read-only mode is a layer of the store, so that it holds for every door.',
  },
  {
    step: /^read-only: (PUT of an object with a bad name|COPY to an account that is none)$/,
    field: /^(status|body|header content-(type|length))$/,
    statuses: [405, 412],
    what: 'The same holds for names that cannot be.',
    reason: 'As above.',
  },
  {
    step: 'read-only: DELETE of a manifest',
    field: /^(status|body|header (content-(type|length)|transfer-encoding))$/,
    statuses: [405, 200],
    what: 'A delete with segments in read-only mode says 405 in its report.',
    reason: 'As above.',
  },
  {
    step: 'read-only: to nobody',
    field: /^(status|body|header (content-(type|length)|www-authenticate))$/,
    statuses: [405, 401],
    what: 'Nobody who is not known is told that an account is read-only: 401.',
    reason: 'The right to a request comes before its work.',
  },
  {
    step: 'read-only: to somebody without rights',
    field: /^(status|body|header content-(type|length))$/,
    statuses: [405, 403],
    what: 'The same holds for whoever has no rights: 403.',
    reason: 'As above.',
  },
]
