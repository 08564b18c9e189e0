/**
 * Goal: what S3's notations say counts in the one decision beside roles and Swift's lists, in the order that `decision.ts`
 * states. Method: one container, one caller, one action; what comes out is `own`, `ok`, a status or `503`.
 */
import t from 'tap'
import type { AccessQuestion, ContainerGrants, GrantSources } from './access-question.ts'
import { type BucketAccess, policyCaller } from './bucket-access.ts'
import { parseAcl } from './container-acl.ts'
import { decideAccess } from './decision.ts'
import { DEFAULT_RESELLERS } from './principal.ts'
import { cannedAcl } from './s3/acl/canned-acl.ts'
import { meaningOf, type S3Action } from './s3/actions.ts'
import { parseBucketPolicy, parsePolicy } from './s3/policy/bucket-policy.ts'
import { requestValues } from './s3/policy/request-values.ts'
import { ALL_BLOCKED, NOTHING_BLOCKED } from './s3/public-access-block.ts'
import { CALLERS, type CallerName } from './testing/callers.ts'

const ACTIONS = [
  's3:GetObject',
  's3:PutObject',
  's3:ListBucket',
  's3:GetBucketAcl',
  's3:PutBucketPolicy',
] as const

interface Container {
  readonly read?: string
  readonly bucket?: Partial<BucketAccess>
  readonly objectAcl?: string
}

interface Asked {
  readonly session?: object
  readonly pays?: 'agreed'
}

const PLAIN: BucketAccess = {
  policy: undefined,
  acl: undefined,
  publicAccess: NOTHING_BLOCKED,
  ownership: 'ObjectWriter',
  payer: 'BucketOwner',
  objectAcls: 'none',
}

async function outcome(
  caller: CallerName,
  action: S3Action,
  container: Container | 'unavailable',
  { session, pays }: Asked = {},
): Promise<string> {
  const who = CALLERS[caller]
  const { method, level } = meaningOf(action)
  const policy = session && parsePolicy(JSON.stringify(session), { kind: 'session' })
  const question: AccessQuestion = {
    principal: who,
    session: policy?.kind === 'policy' ? policy.policy : undefined,
    verb: { method, account: 'AUTH_test', container: 'c', object: level === 'object' ? 'o' : undefined },
    action,
    caller: policyCaller(who, undefined, DEFAULT_RESELLERS),
    referer: undefined,
    pays,
    resellers: DEFAULT_RESELLERS,
  }
  const decision = await decideAccess(question, sourcesOf(question, container))
  if (decision.kind === 'unavailable') return '503'
  if (decision.kind === 'deny') return String(decision.status)
  return decision.owner ? 'own' : 'ok'
}

function sourcesOf(question: AccessQuestion, container: Container | 'unavailable'): GrantSources {
  const acl = typeof container === 'object' ? container.objectAcl : undefined
  return {
    container: async () => (container === 'unavailable' ? container : grantsOf(container)),
    accountAcl: async () => undefined,
    namesCount: async () => false,
    objectAcl: async () =>
      acl === undefined ? undefined : cannedAcl(acl, { owner: 'test2:tester2', bucketOwner: 'test:tester' }),
    values: async () =>
      requestValues({
        caller: question.caller,
        remoteAddress: '192.0.2.1',
        secure: false,
        headers: {},
        query: () => undefined,
        nowMs: 0,
        bucketAccount: 'test',
      }),
  }
}

function grantsOf({ read, bucket }: Container): ContainerGrants {
  return { read: parseAcl(read), write: parseAcl(undefined), bucket: bucket && { ...PLAIN, ...bucket } }
}

function policy(...statements: readonly object[]): BucketAccess['policy'] {
  const whole = statements.map((statement) => ({
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:*',
    Resource: ['arn:aws:s3:::c', 'arn:aws:s3:::c/*'],
    ...statement,
  }))
  const parsed = parseBucketPolicy(JSON.stringify({ Statement: whole }), 'c')
  if (parsed.kind !== 'policy') throw new Error(parsed.message)
  return parsed.policy
}

function acl(name: string): BucketAccess['acl'] {
  return cannedAcl(name, { owner: 'test:tester', bucketOwner: 'test:tester' })
}

const row = async (
  caller: CallerName,
  container: Container | 'unavailable',
  asked?: Asked,
): Promise<string> => {
  const outcomes = await Promise.all(ACTIONS.map((action) => outcome(caller, action, container, asked)))
  return outcomes.join(' ')
}

const denyAll = { policy: policy({ Effect: 'Deny' }) }

//                                                                     GetObject PutObject ListBucket GetBucketAcl PutBucketPolicy
const MATRIX: readonly (readonly [CallerName, string, Container | 'unavailable', string, Asked?])[] = [
  ['owner', 'nothing', {}, 'own own own own own'],
  ['reader', 'nothing', {}, 'ok 403 ok 403 403'],
  ['member', 'nothing', {}, '403 403 403 403 403'],
  ['anonymous', 'nothing', {}, '401 401 401 401 401'],
  ['owner', 'settings that cannot be read', 'unavailable', '503 503 503 503 503'],

  ['anonymous', 'a policy for everyone', { bucket: { policy: policy({}) } }, 'ok ok ok ok ok'],
  [
    'stranger',
    'a policy for one',
    { bucket: { policy: policy({ Principal: { AWS: 'test2:tester2' }, Action: 's3:GetObject' }) } },
    'ok 403 403 403 403',
  ],
  [
    'anonymous',
    'a policy for one',
    { bucket: { policy: policy({ Principal: { AWS: 'test2:tester2' } }) } },
    '401 401 401 401 401',
  ],
  ['owner', 'a denial for everyone', { bucket: denyAll }, '403 403 403 403 own'],
  ['reseller', 'a denial for everyone', { bucket: denyAll }, '403 403 403 403 own'],
  ['reader', 'a denial for everyone', { bucket: denyAll }, '403 403 403 403 403'],
  [
    'anonymous',
    'a denial beside a Swift list',
    { read: '.r:*,.rlistings', bucket: denyAll },
    '401 401 401 401 401',
  ],
  ['owner', 'a policy that cannot be read', { bucket: { policy: 'unreadable' } }, '403 403 403 403 own'],
  [
    'member',
    'a denial for another',
    { bucket: { policy: policy({}, { Effect: 'Deny', Principal: { AWS: 'test2' } }) } },
    'ok ok ok ok ok',
  ],

  ['anonymous', 'public-read', { bucket: { acl: acl('public-read') } }, '401 401 ok 401 401'],
  ['anonymous', 'public-read-write', { bucket: { acl: acl('public-read-write') } }, '401 ok ok 401 401'],
  ['stranger', 'authenticated-read', { bucket: { acl: acl('authenticated-read') } }, '403 403 ok 403 403'],
  ['anonymous', 'authenticated-read', { bucket: { acl: acl('authenticated-read') } }, '401 401 401 401 401'],
  [
    'anonymous',
    'an object that is public',
    { objectAcl: 'public-read', bucket: { objectAcls: 'some' } },
    'ok 401 401 401 401',
  ],
  [
    'anonymous',
    'lists that count for nothing',
    {
      objectAcl: 'public-read',
      bucket: { objectAcls: 'some', acl: acl('public-read'), ownership: 'BucketOwnerEnforced' },
    },
    '401 401 401 401 401',
  ],
  [
    'stranger',
    'an object of one’s own',
    { objectAcl: 'private', bucket: { objectAcls: 'some' } },
    'ok 403 403 403 403',
  ],

  [
    'anonymous',
    'all blocked: lists',
    {
      read: '.r:*,.rlistings',
      objectAcl: 'public-read',
      bucket: { objectAcls: 'some', acl: acl('public-read'), publicAccess: ALL_BLOCKED },
    },
    '401 401 401 401 401',
  ],
  [
    'member',
    'all blocked: lists that name someone',
    { read: 'test:tester3', bucket: { publicAccess: ALL_BLOCKED } },
    'ok 403 ok 403 403',
  ],
  [
    'anonymous',
    'all blocked: a policy',
    { bucket: { policy: policy({}), publicAccess: ALL_BLOCKED } },
    '401 401 401 401 401',
  ],
  [
    'stranger',
    'all blocked: a policy',
    { bucket: { policy: policy({}), publicAccess: ALL_BLOCKED } },
    '403 403 403 403 403',
  ],
  [
    'member',
    'all blocked: a policy',
    { bucket: { policy: policy({}), publicAccess: ALL_BLOCKED } },
    'ok ok ok ok ok',
  ],
  [
    'stranger',
    'all blocked: a policy for one',
    { bucket: { policy: policy({ Principal: { AWS: 'test2' } }), publicAccess: ALL_BLOCKED } },
    'ok ok ok ok ok',
  ],

  ['stranger', 'the requester pays', { read: '.r:*', bucket: { payer: 'Requester' } }, '403 403 403 403 403'],
  [
    'stranger',
    'the requester pays, and agrees',
    { read: '.r:*', bucket: { payer: 'Requester' } },
    'ok 403 403 403 403',
    { pays: 'agreed' },
  ],
  [
    'anonymous',
    'the requester pays, and nobody is known',
    { read: '.r:*', bucket: { payer: 'Requester' } },
    '401 401 401 401 401',
    { pays: 'agreed' },
  ],
  ['owner', 'the requester pays', { bucket: { payer: 'Requester' } }, 'own own own own own'],

  [
    'owner',
    'a session for reading',
    {},
    'own 403 403 403 403',
    { session: { Statement: { Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::c/*' } } },
  ],
  [
    'member',
    'a session adds nothing',
    {},
    '403 403 403 403 403',
    { session: { Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } } },
  ],
]

for (const [caller, what, container, expected, asked] of MATRIX) {
  t.test(`${caller}, ${what}`, async (t) => {
    t.equal(await row(caller, container, asked), expected)
  })
}
