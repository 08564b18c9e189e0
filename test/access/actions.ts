/**
 * Every action that both doors can be asked for, and how each asks. What comes out is only whether it was allowed: what the
 * action then met (nothing there, not empty) is not access.
 */
import type { Received } from '#proxy/testing/test-proxy.ts'
import type { BothDoors } from './both-doors.ts'
import type { Person } from './people.ts'

export type Door = 'swift' | 's3'

export interface Doing {
  readonly doors: BothDoors
  readonly who: Person
  /** Of the account `AUTH_test`. */
  readonly bucket: string
  /** Unlike any other in the test. */
  readonly fresh: string
  /** The bucket's write list of Swift's, by its notation. */
  readonly writeList: string
  /** Limits of temporary credentials, at the S3 door. */
  readonly session?: string | undefined
}

type Ask = (doing: Doing) => Promise<Received>

interface TwoWays {
  readonly swift: Ask
  readonly s3: Ask
  /** Where an answer alone does not tell: whether it was done. */
  readonly done?: (doing: Doing) => Promise<boolean>
}

const swift =
  (method: string, path: string, headers: Readonly<Record<string, string>> = {}): Ask =>
  ({ doors, who, bucket, fresh }) => {
    const target = `/AUTH_test/${bucket}${path.replace('FRESH', fresh)}`
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace('BUCKET', bucket).replace('FRESH', fresh),
      ]),
    )
    return doors.swift(who, { method, target, headers: filled, body: '' })
  }

const s3 =
  (method: string, path: string, body = '', headers: Readonly<Record<string, string>> = {}): Ask =>
  ({ doors, who, bucket, fresh, session }) => {
    const target = `/${bucket}${path.replace('FRESH', fresh)}`
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('BUCKET', bucket)]),
    )
    return doors.s3(who, { method, target, headers: filled, body }, session)
  }

/** No document of any kind: whoever may put one is told so, and nothing changes. */
const NO_DOCUMENT = '<x/>'

export const ACTIONS = {
  ListBucket: { swift: swift('GET', ''), s3: s3('GET', '?list-type=2') },
  HeadBucket: { swift: swift('HEAD', ''), s3: s3('HEAD', '') },
  ListBucketVersions: { swift: swift('GET', '?versions'), s3: s3('GET', '?versions') },
  GetObject: { swift: swift('GET', '/key'), s3: s3('GET', '/key') },
  HeadObject: { swift: swift('HEAD', '/key'), s3: s3('HEAD', '/key') },
  GetObjectVersion: {
    swift: swift('GET', '/key?version-id=null'),
    s3: s3('GET', '/key?versionId=null'),
  },
  PutObject: { swift: swift('PUT', '/FRESH'), s3: s3('PUT', '/FRESH') },
  CopyObject: {
    swift: swift('PUT', '/FRESH', { 'x-copy-from': 'BUCKET/key' }),
    s3: s3('PUT', '/FRESH', '', { 'x-amz-copy-source': 'BUCKET/key' }),
  },
  DeleteObject: { swift: swift('DELETE', '/gone'), s3: s3('DELETE', '/gone') },
  DeleteObjectVersion: {
    swift: swift('DELETE', '/gone?version-id=null'),
    s3: s3('DELETE', '/gone?versionId=null'),
  },
  DeleteBucket: { swift: swift('DELETE', ''), s3: s3('DELETE', '') },
  PutBucketAcl: {
    swift: swift('POST', '', { 'x-container-write': 'FRESH' }),
    s3: s3('PUT', '?acl', NO_DOCUMENT),
    // A list that one may not change is left as it is, and the rest of the POST is done.
    done: ({ doors, bucket, fresh, writeList }) => doors.takeBack(bucket, fresh, writeList),
  },
  PutBucketTagging: {
    swift: swift('POST', '', { 'x-container-meta-colour': 'blue' }),
    s3: s3('PUT', '?tagging', NO_DOCUMENT),
  },
  PutBucketVersioning: {
    swift: swift('POST', '', { 'x-versions-enabled': 'false' }),
    s3: s3('PUT', '?versioning', NO_DOCUMENT),
  },
  PutBucketCORS: {
    swift: swift('POST', '', { 'x-container-meta-access-control-allow-origin': '*' }),
    s3: s3('PUT', '?cors', NO_DOCUMENT),
  },
  PutBucketWebsite: {
    swift: swift('POST', '', { 'x-remove-container-meta-web-index': 'x' }),
    s3: s3('PUT', '?website', NO_DOCUMENT),
  },
} as const satisfies Readonly<Record<string, TwoWays>>

export type ActionName = keyof typeof ACTIONS

export const ACTION_NAMES = Object.keys(ACTIONS) as readonly ActionName[]

/** Whether the door allowed it; rejects when the answer is no answer to a request of this kind. */
export async function isAllowed(action: ActionName, door: Door, doing: Doing): Promise<boolean> {
  const ways: TwoWays = ACTIONS[action]
  const { status, body } = await ways[door](doing)
  if (status >= 500 || status === 405) throw new Error(`${action} through ${door}: ${status} ${body}`)
  const isDenied = status === 401 || status === 403
  return !isDenied && (door === 's3' || ways.done === undefined || (await ways.done(doing)))
}
