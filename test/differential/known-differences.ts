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
    step: /^(service: capabilities( by HEAD)?|origin: capabilities)$/,
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
    step: /^(sign-in: with a wrong key|origin: sign-in)$/,
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
    step: /^(object: (ETag (right in upper case|wrong|no digest)|chunked with wrong ETag)|(link|version|archiving): .*with a wrong ETag|in quotes: wrong ETag)$/,
    field: 'header last-modified',
    what: 'The 422 to an upload with another ETag has no `Last-Modified`.',
    reason: 'Nothing was stored, so nothing was modified.',
  },
  {
    step: /^(static large object: (segment (missing|in a missing|with)|an empty segment at the beginning|Accept nothing)|manifest: (size|ETag|range|path|the same one|nested by another|DELETE in background of two)|site: large page$)/,
    field: /^header (content-length|transfer-encoding)$/,
    what: 'The refusal of a manifest whose segments are not what it says has a `Content-Length`.',
    reason: 'Its length is known before its first byte is sent.',
  },
  {
    step: /^(static large object: segment of others|manifest: PUT by somebody without rights)$/,
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
    step: /^(static large object: (neither path nor data|no object)|manifest: members of a listing)$/,
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 400],
    what: 'A segment that is no object, or has neither `path` nor `data`, is refused with 400 and its index.',
    reason: 'Swift means to, but fails over it (500).',
  },
  {
    step: /^(dynamic large object: If-Match (right|wrong)|joined: GET by its own ETag)$/,
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
    step: /^(together: HEAD of the copied link itself|linked: COPY (to another account|of one with metadata), HEAD)$/,
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
    step: /^(object: length (not a number|negative)|header: length of nothing)$/,
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
  {
    step: 'manifest: PUT by nobody',
    field: /^(status|body|header (content-(type|length)|transfer-encoding|www-authenticate))$/,
    statuses: [400, 401],
    what: 'Nobody who is not known is told anything of segments: 401.',
    reason: 'As above.',
  },
  {
    step: 'manifest: DELETE in background by somebody without rights',
    field: /^(body|status|header content-length)$/,
    statuses: [400, 403],
    what: 'The same holds for deleting in the background.',
    reason: 'As above.',
  },
  {
    step: /^manifest: path (with NUL|in a hidden container)$/,
    field: 'body',
    what: 'A segment whose name has a NUL in it is refused as 400 or 404 in the report (Swift: 412).',
    reason: 'The name is looked for where segments of ours may lie.',
  },
  {
    step: 'manifest: not a number',
    field: /^(body|header content-(type|length))$/,
    what: '`NaN` in a manifest is no JSON.',
    reason: 'RFC 8259, section 6, knows no such number; Python does.',
  },
  {
    step: 'manifest: HEAD of the manifest, raw',
    field:
      /^(status|header (content-(type|length)|x-static-large-object|etag|last-modified|accept-ranges|x-timestamp))$/,
    statuses: [500, 200],
    what: 'HEAD of a manifest with `format=raw` tells length and ETag of what GET gives.',
    reason: 'Swift means to, but fails over it (500).',
  },
  {
    step: 'manifest: GET of the manifest if it is the joined one',
    field: /^header (content-(type|length)|etag)$/,
    what: 'The 412 to a conditional GET of a manifest has the headers of other 412s.',
    reason: 'There is no JSON in it.',
  },
  {
    step: 'manifest: loop, DELETE with segments',
    field: 'body',
    what: 'Manifests that lead to each other in a loop are kept by a delete with segments, and reported (Swift deletes them).',
    reason: 'A manifest goes after its segments; here none comes first. Each can be deleted by itself.',
  },
  {
    step: 'manifest: a segment is lost, COPY',
    field: /^(status|body|header content-length)$/,
    statuses: [499, 503],
    what: 'A copy of a large object that lacks a segment is 503 (Swift: 499).',
    reason: 'The client is there; it is the source that fails.',
  },
  {
    step: 'joined: POST of a bad prefix, GET',
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 409],
    what: 'A dynamic large object whose prefix a POST has broken is 409.',
    reason: 'Swift fails over it (500).',
  },
  {
    step: 'joined: PUT of one of a static one, GET',
    field:
      /^(status|body|header (content-(type|length)|x-object-manifest|etag|last-modified|accept-ranges|x-timestamp))$/,
    statuses: [200, 409],
    what: 'A dynamic large object of static ones is 409 when it is read.',
    reason: 'Swift sends the first bytes of their manifests in place of what they stand for.',
  },
  {
    step: /^(copied: (to a name that is not UTF-8|from a name that is not UTF-8|to a bad account)|odd name: a slash too many behind the account)$/,
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 412],
    what: 'Names that are not UTF-8 in headers, and a slash too many in the path, are 412.',
    reason: 'Swift fails over them (500).',
  },
  {
    step: 'parameter: limit in other digits',
    field: /^(body|header content-length)$/,
    what: 'Numbers are written in the digits 0 to 9.',
    reason: 'Python reads those of all scripts.',
  },
  {
    step: /^odd name: bytes (of UTF-8|that are not UTF-8) as they are$/,
    field: REFUSED_UPLOAD,
    what: 'Bytes beyond ASCII in the request line are refused with 400, without a transaction id; they are sent as `%xx`.',
    reason: 'RFC 3986 knows no others, and the HTTP parser refuses them.',
    statuses: [201, 400],
  },
  {
    step: 'odd name: bytes that are not UTF-8 as they are',
    field: REFUSED_UPLOAD,
    statuses: [412, 400],
    what: 'The same holds where they are not UTF-8 either.',
    reason: 'As above.',
  },
  {
    step: 'odd name: 1025 bytes of two-byte characters',
    field: REFUSED_UPLOAD,
    statuses: [201, 400],
    what: 'The name of an object may have 1024 bytes (Swift: 1024 characters, when they are not ASCII).',
    reason: 'The limit is documented in bytes, as `/info` tells it.',
  },
  {
    step: 'odd name: the object of 1025 bytes, DELETE',
    field: /^(status|body|header content-length)$/,
    statuses: [204, 404],
    what: 'So that object is not there to be deleted afterwards.',
    reason: 'It was not made.',
  },
  {
    step: 'header: metadata twice, HEAD',
    field: 'header x-object-meta-a',
    what: 'A header that is sent twice is joined with a comma and a blank (Swift: without the blank).',
    reason: 'RFC 9110, section 5.2, writes it so.',
  },
  {
    step: 'header: metadata with an underscore in its name, HEAD',
    field: /^header x-object-meta-/,
    what: 'An underscore in the name of a header stays one (Swift: a hyphen).',
    reason: 'A header that another program takes for a different one is a way around its checks.',
  },
  {
    step: 'header: length of other digits',
    field: REFUSED_UPLOAD,
    statuses: [201, 400],
    what: 'A `Content-Length` with a sign is refused with 400, without a transaction id.',
    reason: 'RFC 9110, section 8.6, knows no sign; a proxy in front may read it in another way.',
  },
  {
    step: 'account list: names in UTF-8, HEAD',
    field: 'header x-account-access-control',
    what: 'Names beyond ASCII in an account list are shown as they were sent.',
    reason: 'Swift shows the bytes of their UTF-8 one by one.',
  },
  {
    step: 'reseller: an object afterwards',
    field: /^(status|body|header (content-(type|length)|etag|last-modified|accept-ranges|x-timestamp))$/,
    statuses: [200, 404],
    what: 'Objects of a deleted account are gone at once.',
    reason: 'Swift goes on serving them until the reaper comes by.',
  },
  {
    step: 'reseller: a container afterwards',
    field: 'header x-container-sharding',
    what: 'A container that is not there does not say whether it is sharded, to resellers either.',
    reason: 'It is not there.',
  },
  {
    step: /^expiry: at "4_070_908_800"/,
    field: /^(status|body|header (content-(type|length)|etag|last-modified|x-delete-at))$/,
    what: 'Numbers have no underscores between their digits.',
    reason: 'Python takes them.',
    statuses: [201, 400],
  },
  {
    step: 'expiry: at "4_070_908_800" by POST',
    field: /^(status|body|header content-(type|length))$/,
    what: 'The same holds for POST.',
    reason: 'As above.',
    statuses: [202, 400],
  },
  {
    step: 'expiry: at "4_070_908_800", HEAD',
    field: 'header x-delete-at',
    what: 'So the object still has the time that it had before.',
    reason: 'The refused upload stored nothing.',
  },
  {
    step: 'origin: for COPY',
    field: /^(status|body|header (content-(type|length)|allow|vary|access-control-.+))$/,
    statuses: [401, 200],
    what: 'Scripts of an allowed origin may COPY.',
    reason: 'Swift lists COPY among the methods, and then refuses the preflight for it.',
  },
  {
    step: /^signed: (bulk delete|archive) by it$/,
    field: /^(status|body|header (content-(type|length)|transfer-encoding|etag|last-modified))$/,
    what: 'A signed URL is for the object that it names, also with `bulk-delete` or `extract-archive` (Swift reports 401 for everything in the list or archive).',
    reason: 'Its holder was given a right to one object.',
    statuses: [200, 404],
  },
  {
    step: 'signed: archive by it',
    field: /^(status|body|header (content-(type|length)|transfer-encoding|etag|last-modified))$/,
    statuses: [200, 201],
    what: 'So an archive that is uploaded by one becomes that object.',
    reason: 'As above.',
  },
  {
    step: 'form: without an end',
    field: /^(status|body|header content-length)$/,
    statuses: [201, 400],
    what: 'A form that is cut off is 400, and its last file is not stored.',
    reason: 'Nobody knows what is missing.',
  },
  {
    step: 'form: with a redirect that has a line break',
    field: /^header (location|x-evil)$/,
    what: 'Line breaks in the address that a form leads to become blanks.',
    reason: 'In Swift whoever makes the form can put headers into the answer.',
  },
  {
    step: 'history: long name',
    field: /^(status|body|header (content-(type|length)|etag|last-modified|x-object-version-id))$/,
    statuses: [400, 201],
    what: 'Objects with the longest names can have versions.',
    reason: 'In Swift the names of their versions are too long.',
  },
  {
    step: 'history: a version by a writer, DELETE',
    field: /^header x-object-(current-)?version-id$/,
    what: 'A refusal to delete a version names no versions.',
    reason: 'Whoever may not delete it need not know which there are.',
  },
  {
    step: 'history: the null version by PUT',
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 400],
    what: 'The null version cannot be made the current one: 400.',
    reason: 'It is; Swift fails over it (500).',
  },
  {
    step: 'packed: what it made',
    field: 'header x-container-bytes-used',
    what: 'Refused uploads do not count among the bytes of a container with versions.',
    reason: 'None was kept: Swift stores them among the versions.',
  },
  {
    step: 'odd name: listing as XML',
    field: /^(body|header content-length)$/,
    what: 'A carriage return in a listing in XML is written `&#13;`.',
    reason: 'XML, section 2.11: readers take a bare one for a line feed.',
  },
  {
    step: 'history: versions in reverse behind a version',
    field: 'body',
    what: 'A listing of versions in reverse says which is the latest also behind a marker.',
    reason: 'Swift does not look at what lies before the marker.',
  },
  {
    step: 'history: versions behind the null version',
    field: 'body',
    what: 'A listing of versions behind `version_marker=null` goes on with those that have an id.',
    reason: 'In Swift it is empty.',
  },
  {
    step: 'history: a version by OPTIONS',
    field: 'header x-object-version-id',
    what: 'OPTIONS tells nothing of versions.',
    reason: 'It is about what may be done, by anybody.',
  },
  {
    step: 'history: a version with an offset',
    field: /^(status|body|header content-(type|length))$/,
    statuses: [500, 400],
    what: 'A version with an offset is 400.',
    reason: 'Swift fails over it (500).',
  },
  {
    step: /^linked: with (a target (with percent signs )?not UTF-8|an account not UTF-8)$/,
    field: /^(status|body|header (content-length|etag|last-modified))$/,
    statuses: [201, 412],
    what: 'A link to a name that is not UTF-8 is refused with 412.',
    reason: 'There can be nothing under such a name.',
  },
  {
    step: 'linked: the bad ones are gone',
    field: /^(status|body|header content-length)$/,
    statuses: [204, 404],
    what: 'So that link is not there to be deleted afterwards.',
    reason: 'It was not made.',
  },
  {
    step: /^packed: (of a compressed type that it is not|compressed, said plain|of nothing at all)$/,
    field: 'body',
    what: 'What is wrong with an archive is said in other words behind `Invalid Tar File:`.',
    reason: 'They are those of the library that reads it.',
  },
  {
    step: 'packed: to a name not UTF-8',
    field: /^(status|body|header (content-(type|length)|transfer-encoding))$/,
    statuses: [200, 412],
    what: 'An archive for a path that is not UTF-8 is refused as a whole (Swift: file by file).',
    reason: 'No file of it could be stored.',
  },
  {
    step: 'packed: with a quota, PUT',
    field: 'body',
    what: 'The files of an archive are held to the quota one after the other.',
    reason: 'Swift compares each with a figure up to a minute old.',
  },
  {
    step: /^limited: with a bad quota by somebody without rights$/,
    field: /^(status|body|header content-length)$/,
    statuses: [400, 403],
    what: 'Whoever may not change a container is told so before what is wrong with a quota.',
    reason: 'The right to a request comes before its work.',
  },
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
