/**
 * Temporary URLs: who has one may do one thing to one object for a while, without a token (OpenStack Swift,
 * `common/middleware/tempurl.py`).
 *
 *     /v1/ACCOUNT/CONTAINER/OBJECT?temp_url_sig=…&temp_url_expires=…
 *         [&temp_url_prefix=…][&temp_url_ip_range=…][&filename=…][&inline]
 *
 * What is signed is the method, the time and the path (or a beginning of it). Nothing else in the query counts, so that
 * no parameter can turn what was signed into something else; and a header that would make the upload a pointer to
 * other data is refused. The request goes on with a grant for exactly what was signed (`auth/signed-grant.ts`).
 */
import { isInIpRange } from '#auth/ip-range.ts'
import {
  hmacOfLines,
  parseSignature,
  type Signature,
  type SignatureDigest,
  sameInConstantTime,
} from '#auth/request-signature.ts'
import type { Clock } from '#base/environment.ts'
import { quotedPath } from '#base/names.ts'
import { httpDate } from '#base/timestamp.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import type { ObjectName } from '#store/operation.ts'
import { HTML_TYPE, textAnswer, unauthorizedText } from '../answers.ts'
import { parseSwiftPath } from '../swift/swift-path.ts'
import type { ProxyHandler, ProxyLayer, Transaction } from '../transaction.ts'
import { headerRules, type IsRemoved, withoutHeaders } from './header-rules.ts'
import { type KeyDirectory, type SigningKey, signingKeys } from './signing-keys.ts'
import { type TempUrlParameters, tempUrlParameters } from './tempurl-parameters.ts'

export interface TempUrlOptions {
  /** Methods for which there may be temporary URLs. */
  readonly methods: readonly string[]
  readonly allowedDigests: readonly SignatureDigest[]
  /** Headers taken out of requests, and exceptions; `*` at the end stands for any ending. */
  readonly incomingRemoveHeaders: readonly string[]
  readonly incomingAllowHeaders: readonly string[]
  /** Headers taken out of answers, and exceptions. */
  readonly outgoingRemoveHeaders: readonly string[]
  readonly outgoingAllowHeaders: readonly string[]
}

/** The defaults of OpenStack Swift 2.30. */
export const DEFAULT_TEMPURL_OPTIONS: TempUrlOptions = {
  methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
  allowedDigests: ['sha1', 'sha256', 'sha512'],
  incomingRemoveHeaders: ['x-timestamp'],
  incomingAllowHeaders: [],
  outgoingRemoveHeaders: ['x-object-meta-*'],
  outgoingAllowHeaders: ['x-object-meta-public-*'],
}

export interface TempUrlDeps {
  readonly clock: Clock
  readonly keys: KeyDirectory
  readonly options: TempUrlOptions
}

/** A signature for any of these admits to a HEAD. */
const ADMIT_TO_HEAD = ['HEAD', 'GET', 'POST', 'PUT'] as const
/** With these an upload would be a pointer to data that the URL does not give. */
const POINTERS = ['x-object-manifest', 'x-symlink-target', 'x-copy-from'] as const

export function tempUrl(deps: TempUrlDeps): ProxyLayer {
  const isRemovedIncoming = headerRules({
    remove: deps.options.incomingRemoveHeaders,
    allow: deps.options.incomingAllowHeaders,
  })
  const isRemovedOutgoing = headerRules({
    remove: deps.options.outgoingRemoveHeaders,
    allow: deps.options.outgoingAllowHeaders,
  })
  const redeem = async (
    transaction: Transaction,
    parameters: TempUrlParameters | 'invalid',
    inner: ProxyHandler,
  ): Promise<Response> => {
    const { request } = transaction
    const verified = parameters === 'invalid' ? undefined : await verify(deps, transaction, parameters)
    if (parameters === 'invalid' || verified === undefined) return invalid(request)
    const refusal = refusalOfPointer(request)
    if (refusal !== undefined) return refusal
    const { name, reach } = verified
    transaction.grant = { method: request.method, name, reach }
    transaction.request = {
      ...request,
      query: '',
      headers: withoutHeaders(request.headers, isRemovedIncoming),
    }
    return shown(
      await inner(transaction),
      request.method,
      name,
      verified.expires,
      parameters,
      isRemovedOutgoing,
    )
  }
  return (inner) => (transaction) => {
    const { query, method } = transaction.request
    const parameters = method === 'OPTIONS' ? undefined : tempUrlParameters(query)
    return parameters === undefined ? inner(transaction) : redeem(transaction, parameters, inner)
  }
}

interface Verified {
  readonly name: ObjectName
  readonly reach: SigningKey['reach']
  readonly expires: number
}

/** What was signed, or `undefined` when the signature does not hold here and now. */
async function verify(
  deps: TempUrlDeps,
  transaction: Transaction,
  parameters: TempUrlParameters,
): Promise<Verified | undefined> {
  const { request, path } = transaction
  const { expires, ipRange } = parameters
  const signature = parseSignature(parameters.signature, deps.options.allowedDigests)
  if (signature === undefined || expires === undefined) return undefined
  if (expires < deps.clock.wallMs() / 1000) return undefined
  if (ipRange !== undefined && !isInIpRange(request.remoteAddress, ipRange)) return undefined
  const name = deps.options.methods.includes(request.method) ? objectNameIn(path) : undefined
  const signed = name === undefined ? undefined : signedPath(name, parameters.prefix)
  if (name === undefined || signed === undefined) return undefined
  const { account, container } = name
  const keys = await signingKeys(deps.keys, transaction, { account, container })
  const methods = request.method === 'HEAD' ? ADMIT_TO_HEAD : [request.method]
  const first = ipRange === undefined ? [] : [`ip=${ipRange}`]
  const texts = methods.map((method) => [...first, method, String(expires), signed])
  const key = keyThatSigned(keys, signature, texts)
  return key === undefined ? undefined : { name, reach: key.reach, expires }
}

/** Every text is tried with every key, whichever of them fits: the time taken tells nothing. */
function keyThatSigned(
  keys: readonly SigningKey[],
  { digest, hex }: Signature,
  texts: readonly (readonly string[])[],
): SigningKey | undefined {
  const fitting = keys.filter((key) => {
    const fits = texts.map((lines) => sameInConstantTime(hex, hmacOfLines(digest, key.key, lines)))
    return fits.includes(true)
  })
  return fitting.find(({ reach }) => reach === 'account') ?? fitting[0]
}

/** Version 1 is written `v1` in a temporary URL. */
function objectNameIn(path: string): ObjectName | undefined {
  const parsed = path.startsWith('/v1/') ? parseSwiftPath(path) : undefined
  if (parsed?.kind !== 'object' || /^\/*$/.test(parsed.name.object)) return undefined
  return parsed.name
}

/** The path as it stands in the signed text; `undefined` when the object does not begin with the prefix. */
function signedPath(
  { account, container, object }: ObjectName,
  prefix: string | undefined,
): string | undefined {
  if (prefix === undefined) return `/v1/${account}/${container}/${object}`
  return object.startsWith(prefix) ? `prefix:/v1/${account}/${container}/${prefix}` : undefined
}

function invalid({ method }: Request): Response {
  return unauthorizedText(method === 'HEAD' ? '' : '401 Unauthorized: Temp URL invalid\n')
}

function refusalOfPointer({ method, headers }: Request): Response | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined
  const pointer = POINTERS.find((header) => headers[header] !== undefined)
  if (pointer === undefined) return undefined
  const written = pointer.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase())
  return textAnswer(400, `The header '${written}' is not allowed in this tempurl`, HTML_TYPE)
}

/** The answer without what the owner keeps to himself; of a download, with the name under which to keep it. */
function shown(
  response: Response,
  method: string,
  name: ObjectName,
  expires: number,
  parameters: TempUrlParameters,
  isRemoved: IsRemoved,
): Response {
  const headers = withoutHeaders(response.headers, isRemoved)
  const isDownload =
    (method === 'GET' || method === 'HEAD') && response.status >= 200 && response.status < 300
  if (!isDownload) return { ...response, headers }
  const own = headers['content-disposition']
  const disposition = dispositionOf(parameters, typeof own === 'string' ? own : undefined, name)
  const added: HeaderMap = { 'content-disposition': disposition, expires: httpDate(expires) }
  return { ...response, headers: { ...headers, ...added } }
}

/** The query's wish comes before what is stored with the object, and that before the object's name. */
function dispositionOf(
  { disposition, filename }: TempUrlParameters,
  own: string | undefined,
  { object }: ObjectName,
): string {
  if (filename !== undefined) return withFilename(disposition, filename)
  if (disposition === 'inline') return 'inline'
  if (own !== undefined) return own
  const whole = object.replace(/\/+$/, '')
  return withFilename('attachment', whole.slice(whole.lastIndexOf('/') + 1))
}

/** RFC 6266, with the name once for old browsers and once by RFC 8187. */
function withFilename(disposition: 'attachment' | 'inline', filename: string): string {
  const quoted = quotedPath(filename)
  return `${disposition}; filename="${quoted.replaceAll('%20', ' ')}"; filename*=UTF-8''${quoted}`
}
