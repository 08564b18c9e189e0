/**
 * What the verbs of the Swift API are in the words of S3, by which the one decision and the policies of buckets know them.
 * Changes of a container are several actions, by what its headers change.
 */
import type { S3Action } from '#auth/s3/actions.ts'
import type { HeaderMap, Request } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'

/** What reads of an account's and of a container's listing are. */
export function readAction(request: Request, level: 'account' | 'container' | 'object'): S3Action {
  switch (level) {
    case 'account':
      return 's3:ListAllMyBuckets'
    case 'container':
      return has(request, 'versions') ? 's3:ListBucketVersions' : 's3:ListBucket'
    case 'object':
      return versionIdIn(request) === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  }
}

export function deleteAction(request: Request): S3Action {
  return versionIdIn(request) === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
}

/** The version that a request is about. */
export function versionIdIn(request: Request): string | undefined {
  return request.query.includes('version-id=')
    ? parseQuery(request.query).values.get('version-id')
    : undefined
}

function has({ query }: Request, name: string): boolean {
  return query.includes(name) && parseQuery(query).values.has(name)
}

/** By the beginning of a header: what it is to change it. */
const CHANGES: readonly (readonly [prefix: string, action: S3Action])[] = [
  ['x-versions-', 's3:PutBucketVersioning'],
  ['x-remove-versions-', 's3:PutBucketVersioning'],
  ['x-history-location', 's3:PutBucketVersioning'],
  ['x-remove-history-location', 's3:PutBucketVersioning'],
  ['x-container-meta-web-', 's3:PutBucketWebsite'],
  ['x-remove-container-meta-web-', 's3:PutBucketWebsite'],
  ['x-container-meta-access-control-', 's3:PutBucketCORS'],
  ['x-remove-container-meta-access-control-', 's3:PutBucketCORS'],
]

/** What everything else that a container says of itself is. */
const LABELS: S3Action = 's3:PutBucketTagging'

/** What PUT and POST of a container do, access lists aside; at least one. */
export function changeActions({ method, headers }: Request): readonly S3Action[] {
  const actions = new Set<S3Action>(method === 'PUT' ? ['s3:CreateBucket'] : [])
  for (const name in headers) {
    const change = CHANGES.find(([prefix]) => name.startsWith(prefix))
    if (change !== undefined) actions.add(change[1])
  }
  return actions.size === 0 ? [LABELS] : [...actions]
}

/** Whether a POST changes nothing that has an action of its own. */
export function changesLabelsOnly(actions: readonly S3Action[]): boolean {
  return actions.every((action) => action === LABELS)
}

const ACCESS_LISTS: readonly string[] = [
  'x-container-read',
  'x-container-write',
  'x-remove-container-read',
  'x-remove-container-write',
]

export function changesAccessLists(headers: HeaderMap): boolean {
  return ACCESS_LISTS.some((name) => headers[name] !== undefined)
}

/** Whether a container's read list is to let in whoever comes, or comes from somewhere. */
export function opensToPublic(headers: HeaderMap): boolean {
  return (
    headers['x-container-read']?.split(',').some((item) => /^\s*\.r[a-z]*\s*:\s*[^-\s]/.test(item)) === true
  )
}
