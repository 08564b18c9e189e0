/**
 * Where Martlet answers otherwise than OpenStack Swift 2.30, and why. A difference that is not listed here fails the
 * differential test; an entry that no longer describes a difference fails it too. The table in `docs/swift-compat.md`
 * is written from this one (`node test/differential/render.ts`).
 */
import type { Difference, Statuses } from './comparison.ts'

export interface KnownDifference {
  /** Name of the step, or a pattern of names. */
  readonly step: string | RegExp
  /** `status`, `body`, `header x`, or a pattern of these. */
  readonly field: string | RegExp
  /** Of the two answers; left out where they are equal. */
  readonly statuses?: Statuses
  /** What a person sees. */
  readonly what: string
  readonly reason: string
}

/** In what two answers differ when one side refuses before any request handling, in its own words. */
const REFUSED_EARLY = /^(status|body|header (content-(type|length)|x-trans-id|x-openstack-request-id))$/
/** The same where the other side serves an account. */
const REFUSED_ACCOUNT =
  /^(status|body|header (content-(type|length)|x-trans-id|x-openstack-request-id|x-account-.+|x-timestamp|accept-ranges|vary))$/
/** The same where the other side stores an object. */
const REFUSED_UPLOAD =
  /^(status|body|header (content-(type|length)|x-trans-id|x-openstack-request-id|etag|last-modified))$/
/** Where Python's HTTP server refuses, which shows in `Server`. */
const PYTHON_REFUSAL = /^(status|body|header (server|content-(type|length)))$/
/** The same where the other side answers with a report. */
const REFUSED_REPORT = /^(status|body|header (content-(type|length)|transfer-encoding))$/
/** A verb that one side does not take for one. */
const REFUSED_VERB = /^(status|body|header (allow|content-(type|length)|x-trans-id|x-openstack-request-id))$/

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    step: /^service: capabilities( by HEAD)?$/,
    field: /^(body|header content-length)$/,
    what: '`/info` lists other middleware and another version.',
    reason: 'It tells what this cluster can do.',
  },
  {
    step: 'service: an unknown path',
    field: /^(status|body|header (content-(type|length)|x-amz-.+))$/,
    statuses: [400, 404],
    what: 'A path that is no place of ours and can be a bucket’s is answered as by S3: 404 `NoSuchBucket` (Swift: 400).',
    reason: 'An anonymous request for an object of a public bucket has no other sign that it is S3’s.',
  },
  {
    step: /^(service: version 1\.0|empty account: HEAD|account: HEAD of one that nobody used)$/,
    field: /^(status|header (x-put-timestamp|accept-ranges))$/,
    statuses: [200, 204],
    what: 'HEAD of an account that nobody has written to is 204, as of one that is there and empty (Swift: 200), with `Accept-Ranges` and without `X-Put-Timestamp` (Swift: the other way round).',
    reason: 'A client sees the same before the first write as after it.',
  },
  {
    step: /^(empty account: .*|account: GET of one that nobody used)$/,
    field: /^header (x-put-timestamp|accept-ranges)$/,
    what: 'The same headers come with its GET.',
    reason: 'As above.',
  },
  {
    step: 'account: DELETE of one that nobody used',
    field: 'body',
    what: 'The 404 to a DELETE of an account that does not exist says so in its body.',
    reason: 'Every other 404 has that body too, in Swift as here.',
  },
  {
    step: 'condition: PUT If-Match with an ETag',
    field: REFUSED_UPLOAD,
    statuses: [201, 412],
    what: 'PUT with `If-Match` is 412 when the object has another ETag (Swift stores it and does not look at the header).',
    reason: 'The condition is kept by the agreement of conditional writes (decision 5).',
  },
  {
    step: 'sign-in: with a wrong key',
    field: 'header www-authenticate',
    what: 'A refused sign-in names the realm of the account, whether or not the user exists.',
    reason: 'Swift names the realm `unknown` when only the key is wrong, and so tells which users exist.',
  },
  {
    step: /^sign-in: by (HEAD|POST)$/,
    field: 'header allow',
    what: 'The 405 to a sign-in by another method than GET names the allowed one in `Allow`.',
    reason: 'RFC 9110, section 15.5.6, requires it.',
  },
  {
    step: 'container: name of 257 bytes in UTF-8',
    field: /^(status|body|header content-length)$/,
    statuses: [201, 400],
    what: 'The name of a container may have 256 bytes (Swift: 256 characters, when they are not ASCII).',
    reason: 'The limit is documented in bytes, as `/info` tells it.',
  },
  {
    step: 'container: name of 257 bytes in UTF-8, DELETE',
    field: /^(status|body|header content-length)$/,
    statuses: [204, 404],
    what: 'So that container is not there to be deleted afterwards.',
    reason: 'It was not made.',
  },
  {
    step: /^(object: (ETag (right in upper case|wrong|no digest)|chunked with wrong ETag)|(link|version): .*with a wrong ETag)$/,
    field: 'header last-modified',
    what: 'The 422 to an upload with another ETag has no `Last-Modified`.',
    reason: 'Nothing was stored, so nothing was modified.',
  },
  {
    step: /^static large object: (segment (missing|in a missing|with)|an empty segment at the beginning|Accept nothing)/,
    field: /^header (content-length|transfer-encoding)$/,
    what: 'The refusal of a manifest whose segments are not what it says has a `Content-Length`.',
    reason: 'Its length is known before its first byte is sent.',
  },
  {
    step: 'static large object: segment of others',
    field: REFUSED_REPORT,
    statuses: [400, 403],
    what: 'Whoever may not write to a container is told so with 403 when putting a manifest (Swift: looks at the segments first, and reports them).',
    reason: 'The right to a request comes before its work.',
  },
  {
    step: 'static large object: DELETE by others',
    field: REFUSED_REPORT,
    statuses: [200, 403],
    what: 'The same holds for deleting a manifest with its segments (Swift: 200 and a report).',
    reason: 'As above.',
  },
  {
    step: /^static large object: (neither path nor data|no object)$/,
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 400],
    what: 'A segment that is no object, or has neither `path` nor `data`, is refused with 400 and its index.',
    reason: 'Swift means to, but fails over it (500).',
  },
  {
    step: /^dynamic large object: If-Match (right|wrong)$/,
    field: /^header (content-type|accept-ranges)$/,
    what: 'Conditions on a dynamic large object change nothing of the headers of a 200; 412 has the headers of other objects’ 412.',
    reason: 'In Swift the headers are those of what the manifest’s own ETag would have been answered with.',
  },
  {
    step: 'object: metadata UTF-8 name, PUT',
    field: REFUSED_UPLOAD,
    statuses: [201, 400],
    what: 'A header whose name is not ASCII is refused with 400, without a transaction id.',
    reason: 'RFC 9110 knows no such names, and the HTTP server refuses them before any request handling.',
  },
  {
    step: 'object: metadata UTF-8 name, HEAD',
    field: /^header x-object-meta-(utf8|\W+)$/,
    what: 'So the object still has the metadata of the upload before.',
    reason: 'The refused upload stored nothing.',
  },
  {
    step: 'version: If-None-Match on what is there',
    field: /^header (etag|x-object-version-id)$/,
    what: 'The 412 to a conditional upload in a container with versions names no version.',
    reason: 'None was kept: Swift stores the refused upload among the versions.',
  },
  {
    step: 'version: PUT of a delete marker as current',
    field: /^(status|body|header (content-(type|length)|etag|last-modified|x-object-version-id))$/,
    statuses: [400, 404],
    what: 'A version that says that the object was deleted cannot be made the current one: 404 (Swift: 400).',
    reason: 'Swift refuses its content type, which the client has not sent.',
  },
  {
    step: 'together: listing with the large version that is current again',
    field: 'body',
    what: 'A large object of an older version that is made the current one is listed with its size (Swift: with that of its manifest).',
    reason: 'It is the size it was listed with before.',
  },
  {
    step: 'together: HEAD of the copied link itself',
    field: 'header x-symlink-target-account',
    what: 'A copied link names the account of its target.',
    reason: 'Copied into another account it would lead to something else there.',
  },
  {
    step: 'cors: listing',
    field: 'header vary',
    what: '`Vary` of a listing names `Accept` before `Origin`.',
    reason: 'The order of the names means nothing.',
  },
  {
    step: /^object: length (not a number|negative)$/,
    field: /^(body|header content-(type|length))$/,
    what: 'The 400 to a `Content-Length` that is no number has a short text as its body.',
    reason: 'The HTTP server refuses it before any request handling, with a text of its own.',
  },
  {
    step: 'object: unknown transfer encoding',
    field: REFUSED_EARLY,
    statuses: [400, 0],
    what: 'A `Transfer-Encoding` that is not known closes the connection without an answer.',
    reason: 'Where the body ends cannot be known, and the HTTP parser gives up before an answer is made.',
  },
  {
    step: 'malformed: a bad chunk size',
    field: REFUSED_EARLY,
    statuses: [499, 0],
    what: 'A chunk that cannot be read closes the connection without an answer (Swift: 499).',
    reason: 'Where the body ends cannot be known any more.',
  },
  {
    step: 'malformed: no request line',
    field: PYTHON_REFUSAL,
    statuses: [400, 0],
    what: 'An empty request line ends the connection without an answer.',
    reason:
      'RFC 9112, section 2.2, lets a server ignore empty lines before a request; nothing came after them.',
  },
  {
    step: /^malformed: (a word|no protocol at all)$/,
    field: PYTHON_REFUSAL,
    statuses: [400, 400],
    what: 'A request line that cannot be read is answered with a short 400.',
    reason: "Swift's answer is the error page of its Python HTTP server.",
  },
  {
    step: 'malformed: HTTP/3.0',
    field: PYTHON_REFUSAL,
    statuses: [505, 400],
    what: 'A version of HTTP that does not exist is answered with 400 (Swift: 505).',
    reason: 'The HTTP parser refuses the request line as a whole.',
  },
  {
    step: /^malformed: (a header (without colon|with a space before the colon|with an empty name|with a control character)|a folded header|bare line feeds)$/,
    field: REFUSED_ACCOUNT,
    statuses: [200, 400],
    what: 'Headers that break the grammar of HTTP are refused with 400, without a transaction id (Swift lets them pass or ignores them).',
    reason: 'A proxy in front may read them in another way, which is how requests are smuggled.',
  },
  {
    step: /^malformed: (two lengths that differ|length and chunked)$/,
    field: REFUSED_UPLOAD,
    statuses: [201, 400],
    what: 'A request with two lengths, or with a length and chunks, is refused with 400, without a transaction id (Swift picks one).',
    reason: 'A proxy in front may pick the other, which is how requests are smuggled.',
  },
  {
    step: 'unpacking: cut off in a file',
    field: 'body',
    what: 'A file of an archive that ends too early is reported as `499 Client Disconnect` (Swift: `500 Internal Error`).',
    reason: 'It is what the upload of that file alone would be answered with, and not our fault.',
  },
  {
    step: 'malformed: absolute URI',
    field: /^(status|body|header (content-(type|length)|x-account-.+|x-timestamp|accept-ranges|vary))$/,
    statuses: [404, 200],
    what: 'A request target with scheme and host is understood (Swift: 404).',
    reason: 'RFC 9112, section 3.2.2, requires servers to accept it.',
  },
  {
    step: /^malformed: a (header|request) line of 9000 bytes$/,
    field: /^(body|header content-type)$/,
    what: 'The refusal of a line that is too long says so in a body.',
    reason: 'It helps whoever reads it.',
  },
  {
    step: 'malformed: 127 headers',
    field: REFUSED_ACCOUNT,
    statuses: [200, 431],
    what: 'More than 126 headers are refused with 431 (Swift: more than 201).',
    reason:
      'The limit is the one that Swift counts from its settings (90 metadata items and 36 others); its HTTP server refuses from 1.6 times that on.',
  },
  {
    step: 'malformed: 200 headers',
    field: /^(body|header (server|content-type))$/,
    what: 'The refusal of too many headers has a short text as its body.',
    reason: "Swift's answer is the error page of its Python HTTP server.",
  },
  {
    step: /^(malformed: a verb that is a private name|object: verb in lower case)$/,
    field: REFUSED_VERB,
    statuses: [405, 400],
    what: 'A verb that the HTTP parser does not know is answered with a short 400 (Swift: 405).',
    reason: 'The parser refuses it before any request handling.',
  },
  {
    step: 'malformed: CONNECT',
    field: REFUSED_VERB,
    statuses: [405, 0],
    what: 'CONNECT is answered with the end of the connection (Swift: 405).',
    reason: 'It asks for a tunnel, and this is no proxy for others.',
  },
  {
    step: 'malformed: a path encoded as a whole',
    field: REFUSED_ACCOUNT,
    statuses: [204, 400],
    what: 'A request target that begins with no slash is refused with 400, even when decoding would give one.',
    reason: 'RFC 9112, section 3.2, knows no such target.',
  },
  {
    step: /^formpost: (no|a) file and a redirect that nobody signed$/,
    field: /^(status|body|header (location|content-(type|length)))$/,
    statuses: [303, 400],
    what: 'A form that is refused sends the browser on only to an address that was signed.',
    reason: 'In Swift anybody can make a form that leads through the cluster to a place of his own.',
  },
  {
    step: /^(website: (visit home|visit home by HEAD|visit from a script|with a token, in web mode|listing|listing by HEAD|listing with label)|domain: home)$/,
    field: 'header vary',
    what: 'The home page of a website has no `Vary: Accept`.',
    reason: 'It is the same whatever a browser accepts, and a cache would keep a copy for each.',
  },
  {
    step: 'website: visit what is missing by HEAD',
    field: /^(status|header (content-(type|length)|etag|last-modified|accept-ranges|x-timestamp))$/,
    statuses: [500, 404],
    what: 'HEAD of a page that is missing is answered as its GET (Swift: 500 where there is an error page).',
    reason: 'It says what GET would say.',
  },
  {
    step: 'website: missing folder without error page',
    field: /^(body|header content-length)$/,
    statuses: [404, 404],
    what: 'The page that says that a folder is not listed has other words, and escapes the name of the index page.',
    reason: 'Whoever sets the name of the index page could write HTML into it.',
  },
  {
    step: 'website: home where only reading is open',
    field:
      /^(status|body|header (content-(type|length)|etag|last-modified|accept-ranges|x-timestamp|www-authenticate))$/,
    statuses: [401, 200],
    what: 'The index page of a website is shown to whoever may read it; `.r:*` is enough (Swift wants `.rlistings` too).',
    reason: 'A site need not open the list of everything in it to be seen.',
  },
]

/** The entry that explains a difference, if there is one. */
export function explanationOf(
  difference: Difference,
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): KnownDifference | undefined {
  return known.find(
    ({ step, field, statuses }) =>
      fits(step, difference.step) && fits(field, difference.field) && agree(statuses, difference.statuses),
  )
}

function agree(wanted: Statuses | undefined, [theirs, ours]: Statuses): boolean {
  return wanted === undefined ? theirs === ours : theirs === wanted[0] && ours === wanted[1]
}

/** Entries that explain none of the differences: they should go. */
export function unusedEntries(
  differences: readonly Difference[],
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): readonly KnownDifference[] {
  const used = new Set(differences.map((difference) => explanationOf(difference, known)))
  return known.filter((entry) => !used.has(entry))
}

function fits(wanted: string | RegExp, found: string): boolean {
  return typeof wanted === 'string' ? wanted === found : wanted.test(found)
}
