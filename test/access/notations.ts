/**
 * Ways to say who may do what with a bucket, and what each of them changes: who gains what and who loses what, compared
 * with a bucket of which nothing is said. The rules behind the table are in `docs/access.md`.
 */
import type { ActionName } from './actions.ts'
import { ACTION_NAMES } from './actions.ts'
import type { Person } from './people.ts'

/** What the admin of the account sends to set it up, in this order; `BUCKET` is the bucket's name. */
type Step =
  | { readonly door: 'swift'; readonly method: string; readonly path: string; readonly headers: Headers }
  | {
      readonly door: 's3'
      readonly method: 'PUT'
      readonly path: string
      readonly headers?: Headers
      readonly body?: string
    }

type Headers = Readonly<Record<string, string>>
type Changes = Partial<Readonly<Record<Person, readonly ActionName[]>>>

export interface Notation {
  readonly what: string
  readonly steps: readonly Step[]
  readonly gains?: Changes
  readonly loses?: Changes
}

const list = (headers: Headers): Step => ({
  door: 'swift',
  method: 'POST',
  path: '/AUTH_test/BUCKET',
  headers,
})
const accountList = (lists: object): Step => ({
  door: 'swift',
  method: 'POST',
  path: '/AUTH_test',
  headers: { 'x-account-access-control': JSON.stringify(lists) },
})
const canned = (acl: string): Step => ({
  door: 's3',
  method: 'PUT',
  path: '/BUCKET?acl',
  headers: { 'x-amz-acl': acl },
})
const grants = (headers: Headers): Step => ({ door: 's3', method: 'PUT', path: '/BUCKET?acl', headers })
const objectList = (acl: string): Step => ({
  door: 's3',
  method: 'PUT',
  path: '/BUCKET/key?acl',
  headers: { 'x-amz-acl': acl },
})

function policy(...statements: readonly object[]): Step {
  const whole = statements.map((statement) => ({
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:*',
    Resource: ['arn:aws:s3:::BUCKET', 'arn:aws:s3:::BUCKET/*'],
    ...statement,
  }))
  const body = JSON.stringify({ Version: '2012-10-17', Statement: whole })
  return { door: 's3', method: 'PUT', path: '/BUCKET?policy', body }
}

function block(...switches: readonly string[]): Step {
  const on = switches.map((name) => `<${name}>true</${name}>`).join('')
  const body = `<PublicAccessBlockConfiguration>${on}</PublicAccessBlockConfiguration>`
  return { door: 's3', method: 'PUT', path: '/BUCKET?publicAccessBlock', body }
}

/** The same of the whole account. */
function accountBlock(...switches: readonly string[]): Step {
  const path = '/v20180820/configuration/publicAccessBlock'
  return { ...block(...switches), path, headers: { 'x-amz-account-id': 'test' } }
}

const ENFORCED: Step = {
  door: 's3',
  method: 'PUT',
  path: '/BUCKET?ownershipControls',
  body: '<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>',
}
const REQUESTER_PAYS: Step = {
  door: 's3',
  method: 'PUT',
  path: '/BUCKET?requestPayment',
  body: '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>',
}
const OF_OBJECTS = { Resource: 'arn:aws:s3:::BUCKET/*' } as const
const TESTER2 = { Principal: { AWS: 'test2:tester2' } } as const

const READS: readonly ActionName[] = ['GetObject', 'HeadObject', 'GetObjectVersion']
const LISTS: readonly ActionName[] = ['ListBucket', 'HeadBucket', 'ListBucketVersions']
const WRITES: readonly ActionName[] = ['PutObject', 'DeleteObject', 'DeleteObjectVersion']
const OF_BUCKET: readonly ActionName[] = [
  'DeleteBucket',
  'PutBucketTagging',
  'PutBucketVersioning',
  'PutBucketCORS',
  'PutBucketWebsite',
]
/** Those who own nothing here and administer nothing. */
const others = (actions: readonly ActionName[]): Changes => ({ ...known(actions), anonymous: actions })
const known = (actions: readonly ActionName[]): Changes => ({
  member: actions,
  stranger: actions,
  projectMember: actions,
  outsider: actions,
  asBuilder: actions,
})
/** Of them, those of the account's tenant. */
const ownTenant = (actions: readonly ActionName[]): Changes => ({
  member: actions,
  projectMember: actions,
  asBuilder: actions,
})
/** Those who own the account. */
const owners = (actions: readonly ActionName[]): Changes => ({
  admin: actions,
  operator: actions,
  asAdmin: actions,
})

/** What may be done in a bucket of which nothing is said. */
export const PLAIN: Readonly<Record<Person, readonly ActionName[]>> = {
  admin: ACTION_NAMES,
  reseller: ACTION_NAMES,
  operator: ACTION_NAMES,
  asAdmin: ACTION_NAMES,
  reader: [...LISTS, ...READS],
  member: [],
  stranger: [],
  anonymous: [],
  projectMember: [],
  outsider: [],
  asBuilder: [],
}

export const NOTATIONS: readonly Notation[] = [
  { what: 'nothing', steps: [] },

  // Swift's lists.
  { what: 'X-Container-Read: .r:*', steps: [list({ 'x-container-read': '.r:*' })], gains: others(READS) },
  {
    what: 'X-Container-Read: .r:*,.rlistings',
    steps: [list({ 'x-container-read': '.r:*,.rlistings' })],
    gains: others([...READS, ...LISTS]),
  },
  {
    what: 'X-Container-Read: test2:tester2',
    steps: [list({ 'x-container-read': 'test2:tester2' })],
    gains: { stranger: [...READS, ...LISTS] },
  },
  {
    what: 'X-Container-Read: test',
    steps: [list({ 'x-container-read': 'test' })],
    gains: { member: [...READS, ...LISTS], asBuilder: [...READS, ...LISTS] },
  },
  {
    what: 'X-Container-Write: test:tester3',
    steps: [list({ 'x-container-write': 'test:tester3' })],
    gains: { member: WRITES },
  },
  {
    what: 'both of Swift’s lists',
    steps: [list({ 'x-container-read': 'test2', 'x-container-write': 'test2' })],
    gains: { stranger: [...READS, ...LISTS, ...WRITES, 'CopyObject'] },
  },
  {
    what: 'an account list for reading',
    steps: [accountList({ 'read-only': ['test2:tester2'] })],
    gains: { stranger: [...READS, ...LISTS] },
  },
  {
    what: 'an account list for writing',
    steps: [accountList({ 'read-write': ['test2:tester2'] })],
    gains: { stranger: [...READS, ...LISTS, ...WRITES, 'CopyObject', ...OF_BUCKET] },
  },
  {
    what: 'an account list for administration',
    steps: [accountList({ admin: ['test2:tester2'] })],
    gains: { stranger: ACTION_NAMES },
  },

  // S3's lists.
  { what: 'public-read', steps: [canned('public-read')], gains: others(LISTS) },
  {
    what: 'public-read-write',
    steps: [canned('public-read-write')],
    gains: { ...others([...LISTS, ...WRITES]), reader: [...WRITES, 'CopyObject'] },
  },
  {
    what: 'authenticated-read',
    steps: [canned('authenticated-read')],
    gains: known(LISTS),
  },
  {
    what: 'a grant for reading',
    steps: [grants({ 'x-amz-grant-read': 'id=test2:tester2' })],
    gains: { stranger: LISTS },
  },
  {
    what: 'a grant of full control',
    steps: [grants({ 'x-amz-grant-full-control': 'id=test2:tester2' })],
    gains: { stranger: [...LISTS, ...WRITES, 'PutBucketAcl'] },
  },
  {
    what: 'a public object',
    steps: [objectList('public-read')],
    gains: others(['GetObject', 'HeadObject', 'GetObjectVersion']),
  },
  {
    what: 'an object for those who are known',
    steps: [objectList('authenticated-read')],
    gains: known(READS),
  },
  {
    what: 'two notations for one copy',
    steps: [objectList('public-read'), list({ 'x-container-write': 'test:tester3' })],
    gains: { ...others(READS), member: [...READS, ...WRITES, 'CopyObject'] },
  },
  {
    what: 'lists that count for nothing',
    steps: [objectList('public-read'), ENFORCED],
  },

  // Policies.
  {
    what: 'a policy: everybody reads',
    steps: [policy({ Action: 's3:GetObject', ...OF_OBJECTS })],
    gains: others(['GetObject', 'HeadObject']),
  },
  { what: 'a policy: one may do all', steps: [policy(TESTER2)], gains: { stranger: ACTION_NAMES } },
  {
    what: 'a policy: an account lists',
    steps: [
      policy({
        Principal: { AWS: 'arn:aws:iam::test:root' },
        Action: 's3:ListBucket',
        Resource: 'arn:aws:s3:::BUCKET',
      }),
    ],
    gains: ownTenant(['ListBucket', 'HeadBucket']),
  },
  {
    what: 'a policy: nobody reads, whatever lists say',
    steps: [
      list({ 'x-container-read': '.r:*,.rlistings' }),
      policy({ Effect: 'Deny', Action: ['s3:GetObject', 's3:GetObjectVersion'], ...OF_OBJECTS }),
    ],
    gains: others(LISTS),
    loses: {
      ...owners([...READS, 'CopyObject']),
      reseller: [...READS, 'CopyObject'],
      reader: READS,
    },
  },
  {
    what: 'a policy: one may nothing',
    steps: [canned('public-read-write'), policy({ Effect: 'Deny', ...TESTER2 })],
    gains: {
      ...others([...LISTS, ...WRITES]),
      stranger: [],
      reader: [...WRITES, 'CopyObject'],
    },
  },
  {
    what: 'a policy: nobody but an account',
    steps: [policy({ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: 'test' } })],
    loses: { reseller: ACTION_NAMES, reader: [...READS, ...LISTS] },
  },
  {
    what: 'a policy: only from elsewhere',
    steps: [policy({}, { Effect: 'Deny', Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } })],
    loses: { ...owners(ACTION_NAMES), reseller: ACTION_NAMES, reader: [...READS, ...LISTS] },
  },
  {
    what: 'a policy: nobody changes lists or versions',
    steps: [
      policy({
        Effect: 'Deny',
        Action: ['s3:PutBucketAcl', 's3:PutBucketVersioning'],
        Resource: 'arn:aws:s3:::BUCKET',
      }),
    ],
    loses: {
      ...owners(['PutBucketAcl', 'PutBucketVersioning']),
      reseller: ['PutBucketAcl', 'PutBucketVersioning'],
    },
  },
  {
    what: 'a policy: one changes lists',
    steps: [policy({ ...TESTER2, Action: 's3:PutBucketAcl', Resource: 'arn:aws:s3:::BUCKET' })],
    gains: { stranger: ['PutBucketAcl'] },
  },

  // Users of Keystone, and those who have taken on a role.
  {
    what: 'X-Container-Read: a project of Keystone',
    steps: [list({ 'x-container-read': 'other:*' })],
    gains: { outsider: [...READS, ...LISTS] },
  },
  {
    what: 'X-Container-Write: a role of Keystone',
    steps: [list({ 'x-container-write': 'member' })],
    gains: { projectMember: WRITES },
  },
  {
    what: 'a policy: a user of Keystone may do all',
    steps: [policy({ Principal: { AWS: `other:${'b'.repeat(32)}` } })],
    gains: { outsider: ACTION_NAMES },
  },
  {
    what: 'a policy: a role may do all',
    steps: [policy({ Principal: { AWS: 'arn:aws:iam::test:role/builders' } })],
    gains: { asBuilder: ACTION_NAMES },
  },
  {
    what: 'a policy: one session of a role reads',
    steps: [
      policy({
        Principal: {
          AWS: [
            'arn:aws:sts::test:assumed-role/builders/build-7',
            'arn:aws:sts::test:assumed-role/admin/build-8',
          ],
        },
        Action: 's3:GetObject',
        ...OF_OBJECTS,
      }),
    ],
    gains: { asBuilder: ['GetObject', 'HeadObject'] },
  },
  {
    what: 'a policy: a role may nothing',
    steps: [policy({ Effect: 'Deny', Principal: { AWS: 'arn:aws:iam::test:role/admin' } })],
    loses: { asAdmin: ACTION_NAMES },
  },
  {
    what: 'a policy: a person may nothing, and is nobody else in a role',
    steps: [policy({ Effect: 'Deny', Principal: { AWS: 'arn:aws:iam::test:user/tester' } })],
    loses: { admin: ACTION_NAMES },
  },

  // What takes away again.
  {
    what: 'public lists ignored',
    steps: [
      list({ 'x-container-read': '.r:*,.rlistings,test:tester3' }),
      canned('public-read-write'),
      objectList('public-read'),
      block('IgnorePublicAcls'),
    ],
    gains: { member: [...READS, ...LISTS] },
  },
  {
    what: 'a public policy restricted',
    steps: [policy({ Action: 's3:GetObject', ...OF_OBJECTS }), block('RestrictPublicBuckets')],
    gains: ownTenant(['GetObject', 'HeadObject']),
  },
  {
    what: 'public lists ignored in the whole account',
    steps: [
      list({ 'x-container-read': '.r:*,.rlistings,test:tester3' }),
      canned('public-read-write'),
      objectList('public-read'),
      accountBlock('IgnorePublicAcls'),
    ],
    gains: { member: [...READS, ...LISTS] },
  },
  {
    what: 'Swift’s list alone, ignored in the whole account',
    steps: [list({ 'x-container-read': '.r:*,.rlistings' }), accountBlock('IgnorePublicAcls')],
  },
  {
    what: 'an account that ignores other things, and a bucket that ignores lists',
    steps: [
      objectList('public-read'),
      policy({ Action: 's3:GetObject', ...OF_OBJECTS }),
      block('IgnorePublicAcls'),
      accountBlock('RestrictPublicBuckets'),
    ],
    gains: ownTenant(['GetObject', 'HeadObject']),
  },
  {
    what: 'public policies restricted in the whole account',
    steps: [policy({ Action: 's3:GetObject', ...OF_OBJECTS }), accountBlock('RestrictPublicBuckets')],
    gains: ownTenant(['GetObject', 'HeadObject']),
  },
  { what: 'the requester pays', steps: [list({ 'x-container-read': '.r:*' }), REQUESTER_PAYS] },
]
