/**
 * Where Martlet answers otherwise than OpenStack Swift 2.30, and why. A difference that is not listed here fails the
 * differential test; an entry that no longer describes a difference fails it too. The table in `docs/swift-compat.md`
 * is written from this one (`node test/differential/render.ts`).
 */
import type { Difference } from './comparison.ts'

export interface KnownDifference {
  /** Name of the step, or a pattern of names. */
  readonly step: string | RegExp
  /** `status`, `body`, `header x`, or a pattern of these. */
  readonly field: string | RegExp
  /** What a person sees. */
  readonly what: string
  readonly reason: string
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    step: /^service: capabilities( by HEAD)?$/,
    field: /^(body|header content-length)$/,
    what: '`/info` lists other middleware and another version.',
    reason: 'It tells what this cluster can do.',
  },
  {
    step: /^(service: version 1\.0|empty account: .*|account: (HEAD|GET) of one that nobody used)$/,
    field: /^(status|header (x-put-timestamp|accept-ranges))$/,
    what: 'An account that nobody has written to answers as one that is there and empty: HEAD with 204, with `Accept-Ranges` and without `X-Put-Timestamp` (Swift: 200, the other way round).',
    reason: 'A client sees the same headers before the first write as after it.',
  },
  {
    step: 'account: DELETE of one that nobody used',
    field: 'body',
    what: 'The 404 to a DELETE of an account that does not exist says so in its body.',
    reason: 'Every other 404 has that body too, in Swift as here.',
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
    step: /^container: name of 257 bytes in UTF-8/,
    field: /./,
    what: 'The name of a container may have 256 bytes (Swift: 256 characters, when they are not ASCII).',
    reason: 'The limit is documented in bytes, as `/info` tells it.',
  },
  {
    step: /^object: (ETag (right in upper case|wrong|no digest)|chunked with wrong ETag)$/,
    field: 'header last-modified',
    what: 'The 422 to an upload with another ETag has no `Last-Modified`.',
    reason: 'Nothing was stored, so nothing was modified.',
  },
  {
    step: /^object: (OPTIONS|in the silver policy, OPTIONS)$|^cors: preflight/,
    field: /^header (allow|access-control-allow-methods)$/,
    what: '`COPY` is not among the methods that OPTIONS lists.',
    reason: 'There is no server-side copy yet.',
  },
  {
    step: /^object: metadata UTF-8 name, (PUT|HEAD)$/,
    field: /./,
    what: 'A header whose name is not ASCII is refused with 400, without a transaction id.',
    reason: 'RFC 9110 knows no such names, and the HTTP server refuses them before any request handling.',
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
    step: /^(object: unknown transfer encoding|malformed: a bad chunk size)$/,
    field: /./,
    what: 'A `Transfer-Encoding` that is not known or a chunk that cannot be read closes the connection without an answer.',
    reason: 'Where the body ends cannot be known, and the HTTP parser gives up before an answer is made.',
  },
  {
    step: /^malformed: (no request line|a word|HTTP\/3\.0|no protocol at all)$/,
    field: /./,
    what: 'A request line that cannot be read is answered with a short 400, or with the end of the connection when it is empty.',
    reason:
      "The HTTP server refuses it before any request handling; Swift's answer is the error page of its Python HTTP server.",
  },
  {
    step: /^malformed: (a header (without colon|with a space before the colon|with an empty name|with a control character)|a folded header|bare line feeds)$/,
    field: /./,
    what: 'Headers that break the grammar of HTTP are refused with 400, without a transaction id (Swift lets them pass or ignores them).',
    reason: 'A proxy in front may read them in another way, which is how requests are smuggled.',
  },
  {
    step: /^malformed: (two lengths that differ|length and chunked)$/,
    field: /./,
    what: 'A request with two lengths, or with a length and chunks, is refused with 400, without a transaction id (Swift picks one).',
    reason: 'A proxy in front may pick the other, which is how requests are smuggled.',
  },
  {
    step: 'malformed: absolute URI',
    field: /./,
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
    field: /./,
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
    step: /^(malformed: (CONNECT|a verb that is a private name)|object: verb in lower case)$/,
    field: /./,
    what: 'A verb that the HTTP parser does not know is answered with a short 400, and CONNECT with the end of the connection (Swift: 405).',
    reason: 'The parser refuses them before any request handling.',
  },
  {
    step: 'malformed: a path encoded as a whole',
    field: /./,
    what: 'A request target that begins with no slash is refused with 400, even when decoding would give one.',
    reason: 'RFC 9112, section 3.2, knows no such target.',
  },
]

/** The entry that explains a difference, if there is one. */
export function explanationOf(
  difference: Difference,
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): KnownDifference | undefined {
  return known.find(({ step, field }) => fits(step, difference.step) && fits(field, difference.field))
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
