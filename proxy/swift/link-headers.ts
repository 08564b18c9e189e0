/**
 * Symbolic links in the headers of requests and answers (OpenStack Swift, `common/middleware/symlink.py`, whose texts these
 * are): `X-Symlink-Target…` of an upload, and where a link led, of a read.
 */
import { decodePercent, quotedPath } from '#base/names.ts'
import { unquoted } from '#http/conditionals.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import type { LinkPut, ReadTrail, StoredLink, VersionName } from '#store/contract.ts'
import type { LinkProblem } from '#store/failure.ts'
import type { ObjectName } from '#store/operation.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import { NOT_IN_NAMES } from '../middleware/request-limits.ts'
import { accountNamedIn } from './named-objects.ts'
import { isTrue } from './visit.ts'

const TARGET = 'x-symlink-target'
const ACCOUNT = 'x-symlink-target-account'
const ETAG = 'x-symlink-target-etag'
const BAD_TARGET = 'X-Symlink-Target header must be of the form <container name>/<object name>'
const HAS_BODY = 'Symlink requests require a zero byte body'
/** Of a dynamic link whose maker names no type. */
const LINK_TYPE = 'application/symlink'

export type LinkInRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'link'; readonly link: LinkPut; readonly contentType: string | undefined }
  | { readonly kind: 'refused'; readonly response: Response }

/** The link that an upload makes. */
export function linkInRequest({ headers, body }: Pick<Request, 'headers' | 'body'>): LinkInRequest {
  const written = headers[TARGET]
  if (written === undefined) return { kind: 'none' }
  if ((body.lengthBytes ?? 0) > 0) return refused(400, HAS_BODY)
  const path = decodePercent(written)
  if (path?.startsWith('/') === true) return refused(412, BAD_TARGET)
  const slash = path?.indexOf('/') ?? -1
  if (path === undefined || slash < 1 || slash === path.length - 1) return refused(412, BAD_TARGET, HTML_TYPE)
  const account = accountNamedIn(headers[ACCOUNT])
  if (account.kind === 'refused') return account
  const etag = unquoted(headers[ETAG] ?? '')
  if (/[;"\\]/.test(etag)) return refused(400, 'Bad X-Symlink-Target-Etag format')
  const target = { account: account.name, container: path.slice(0, slash), object: path.slice(slash + 1) }
  return { kind: 'link', ...linkTo(target, etag, headers) }
}

function linkTo(
  target: LinkPut['target'],
  etag: string,
  headers: HeaderMap,
): { readonly link: LinkPut; readonly contentType: string | undefined } {
  const named = headers['content-type']
  const isNamed = (named !== undefined && named !== '') || isTrue(headers['x-detect-content-type'])
  if (etag === '') {
    return { link: { target, contentType: 'given' }, contentType: isNamed ? undefined : LINK_TYPE }
  }
  return { link: { target, etag, contentType: isNamed ? 'given' : 'as_target' }, contentType: undefined }
}

function refused(
  status: number,
  text: string,
  type?: string,
): Extract<LinkInRequest, { readonly kind: 'refused' }> {
  return { kind: 'refused', response: textAnswer(status, text, type) }
}

/** The refusal of a POST that would make a link, or `undefined`. */
export function checkLinkInPost(headers: HeaderMap): Response | undefined {
  if (headers[TARGET] === undefined) return undefined
  return textAnswer(400, 'A PUT request is required to set a symlink target')
}

/** What a read, or its refusal, tells of links and versions. */
export function trailHeaders(trail: ReadTrail | undefined): Readonly<Record<string, string>> {
  if (trail === undefined) return {}
  const { location, versionId, link } = trail
  return {
    ...(location === undefined ? {} : { 'content-location': locationOf(location) }),
    ...(versionId === undefined ? {} : { 'x-object-version-id': versionId }),
    ...(link === undefined ? {} : storedLinkHeaders(link)),
  }
}

function storedLinkHeaders(link: StoredLink): Readonly<Record<string, string>> {
  const { account, container, object, versionId, etag, sizeBytes } = link
  return {
    [TARGET]: quotedPath(`${container}/${object}`) + versionQuery(versionId),
    ...(account === undefined ? {} : { [ACCOUNT]: quotedPath(account) }),
    ...(etag === undefined ? {} : { [ETAG]: etag }),
    ...(sizeBytes === undefined ? {} : { 'x-symlink-target-bytes': String(sizeBytes) }),
  }
}

function locationOf({ account, container, object, versionId }: VersionName): string {
  return quotedPath(`/v1/${account}/${container}/${object}`) + versionQuery(versionId)
}

function versionQuery(versionId: string | undefined): string {
  return versionId === undefined ? '' : `?version-id=${versionId}`
}

/** The answer to a POST that has changed a link. */
export function linkChangedAnswer(target: ObjectName, wanted: string | undefined): Response {
  const { status, headers, body } = textAnswer(
    307,
    'The requested POST was applied to a symlink. POST directly to the target to apply requested metadata.',
    HTML_TYPE,
  )
  const etag = wanted === undefined ? {} : { [ETAG]: wanted }
  return { status, headers: { ...headers, location: locationOf(target), ...etag }, body }
}

/** The answer to a request that a link stood in the way of. */
export function brokenLinkAnswer(problem: LinkProblem, location: ObjectName | undefined): Response {
  const { status, headers, body } = problemAnswer(problem)
  if (location === undefined) return { status, headers, body }
  return { status, headers: { ...headers, 'content-location': locationOf(location) }, body }
}

function problemAnswer(problem: LinkProblem): Response {
  switch (problem.kind) {
    case 'too_many_links':
      return textAnswer(409, `Too many levels of symbolic links, maximum allowed is ${problem.limit}`)
    case 'etags_disagree':
      return textAnswer(409, 'X-Symlink-Target-Etag headers do not match')
    case 'other_etag':
      return textAnswer(
        409,
        `Object Etag '${problem.found}' does not match X-Symlink-Target-Etag header '${problem.wanted}'`,
      )
    case 'no_target':
      return textAnswer(409, 'X-Symlink-Target does not exist')
    case 'targets_itself':
      return textAnswer(400, 'Symlink cannot target itself')
    case 'has_body':
      return textAnswer(400, HAS_BODY)
    case 'forbidden_target':
      return textAnswer(412, NOT_IN_NAMES, HTML_TYPE)
  }
}
