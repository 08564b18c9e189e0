/** Differences while deletes alone are allowed and foreign hosts are looked up, and in what `/endpoints/` tells. */
import { type KnownDifference, REFUSED_ACCOUNT } from './known-difference.ts'

export const MORE_SWITCHED_DIFFERENCES: readonly KnownDifference[] = [
  {
    step: 'deletes alone: upload of an archive',
    field: 'body',
    what: 'What is wrong with an archive is said in other words behind `Invalid Tar File:`.',
    reason: 'They are those of the library that reads it.',
  },
  {
    step: 'deletes alone: DELETE of a container that is empty, HEAD',
    field: 'header x-container-sharding',
    what: 'A container that is not there does not say whether it is sharded, to resellers either.',
    reason: 'It is not there.',
  },
  {
    step: 'deletes alone: DELETE of an account',
    field: 'body',
    what: 'The 404 to a DELETE of an account that does not exist says so in its body.',
    reason: 'Every other 404 has that body too, in Swift as here.',
  },
  {
    step: 'alias: of a container, PUT',
    field: /^(status|body|header content-length)$/,
    statuses: [405, 403],
    what: 'The same holds for whoever has no rights: 403.',
    reason: 'As above.',
  },
  {
    step: /^alias: (of a container(, HEAD|, with a dot at its end)?|with an underscore|of an alias|of a host below the domain)$/,
    field: 'header vary',
    what: 'The home page of a website has no `Vary: Accept`.',
    reason: 'It is the same whatever a browser accepts, and a cache would keep a copy for each.',
  },
  {
    step: 'alias: of the domain itself, in capitals',
    field: /^(status|body|header (content-(type|length)|etag|last-modified|accept-ranges|x-timestamp))$/,
    statuses: [400, 200],
    what: 'The domain of the cluster is its own in capitals too (Swift looks it up as a foreign host).',
    reason: 'RFC 4343: names of hosts have no case.',
  },
  {
    step: 'alias: of no host',
    field: /^(status|body|header (content-(type|length)|etag|last-modified|accept-ranges|x-timestamp))$/,
    statuses: [400, 200],
    what: 'An empty `Host` is not looked up among the aliases of foreign hosts.',
    reason: 'It names no host.',
  },
  {
    step: 'endpoints: of a name not UTF-8',
    field: REFUSED_ACCOUNT,
    statuses: [200, 412],
    what: '`/endpoints/` refuses names that are not UTF-8 (Swift tells the place of another name).',
    reason: 'Nothing can be under such a name.',
  },
  {
    step: /^endpoints: of (a container|an account) with a slash at its end$/,
    field: 'body',
    what: 'A slash at the end of a path below `/endpoints/` changes nothing.',
    reason: 'Swift looks for an object or a container without a name, which is nowhere.',
  },
  {
    step: 'endpoints: of an account with two slashes at its end',
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 200],
    what: 'Neither do two.',
    reason: 'Swift fails over them (500).',
  },
]
