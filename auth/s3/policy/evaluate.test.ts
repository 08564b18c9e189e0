/** Goal: a policy means what Amazon's documentation says. Method: one statement, one request, one verdict. */
import t from 'tap'
import type { S3Action } from '../actions.ts'
import { parseBucketPolicy } from './bucket-policy.ts'
import { evaluatePolicy, type PolicyVerdict } from './evaluate.ts'
import { isPublicPolicy } from './public-policy.ts'
import type { PolicyCaller } from './question.ts'
import { type RequestFacts, requestValues } from './request-values.ts'

const NOBODY: PolicyCaller = { id: undefined, accounts: [], name: undefined }
const TESTER: PolicyCaller = { id: 'test:tester', accounts: ['test', 'AUTH_test'], name: 'tester' }
const STATEMENT = { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::photos/*' }

/** The cluster itself, as it delivers the access log of a bucket. */
const LOGGING: PolicyCaller = {
  ...NOBODY,
  service: { name: 'logging.s3.amazonaws.com', source: { arn: 'arn:aws:s3:::birds', account: 'test' } },
}
/** Somebody who has taken on a role. */
const READER: PolicyCaller = {
  id: 'test:role/reader',
  accounts: ['test', 'AUTH_test'],
  name: undefined,
  role: { name: 'reader', session: 'me' },
}

interface Asked {
  readonly caller?: PolicyCaller
  readonly action?: S3Action
  readonly resource?: string
  readonly query?: Readonly<Record<string, string>>
  readonly facts?: Partial<RequestFacts>
}

function policyOf(statements: readonly object[], version = '2012-10-17'): ReturnType<typeof parsed> {
  return parsed({ Version: version, Statement: statements })
}

function parsed(
  document: object,
): Extract<ReturnType<typeof parseBucketPolicy>, { kind: 'policy' }>['policy'] {
  const result = parseBucketPolicy(JSON.stringify(document), 'photos')
  if (result.kind !== 'policy') throw new Error(result.message)
  return result.policy
}

function ask(policy: ReturnType<typeof parsed>, asked: Asked = {}): PolicyVerdict {
  const caller = asked.caller ?? TESTER
  const values = requestValues({
    caller,
    remoteAddress: '192.0.2.7',
    secure: false,
    headers: {},
    query: (name) => asked.query?.[name],
    nowMs: Date.parse('2026-11-21T12:00:00Z'),
    bucketAccount: 'test',
    ...asked.facts,
  })
  const { action = 's3:GetObject', resource = 'arn:aws:s3:::photos/a' } = asked
  return evaluatePolicy(policy, { caller, action, resource, values })
}

const verdict = (change: object, asked: Asked = {}): PolicyVerdict =>
  ask(policyOf([{ ...STATEMENT, ...change }]), asked)

t.test('principals', (t) => {
  const cases: readonly (readonly [principal: unknown, caller: PolicyCaller, verdict: PolicyVerdict])[] = [
    ['*', NOBODY, 'allow'],
    [{ AWS: '*' }, NOBODY, 'allow'],
    [{ AWS: 'test:tester' }, TESTER, 'allow'],
    [{ AWS: 'test:other' }, TESTER, 'silent'],
    [{ AWS: ['test:other', 'arn:aws:iam::test:user/tester'] }, TESTER, 'allow'],
    [{ AWS: 'arn:aws:iam::AUTH_test:user/staff/tester' }, TESTER, 'allow'],
    [{ AWS: 'arn:aws:iam:::user/test:tester' }, TESTER, 'allow'],
    [{ AWS: 'arn:aws:iam::other:user/tester' }, TESTER, 'silent'],
    [{ AWS: 'arn:aws:iam::test:root' }, TESTER, 'allow'],
    [{ AWS: 'test' }, TESTER, 'allow'],
    [{ AWS: 'AUTH_test' }, TESTER, 'allow'],
    [{ AWS: 'test' }, NOBODY, 'silent'],
    [{ CanonicalUser: 'test:tester' }, TESTER, 'allow'],
    [{ CanonicalUser: 'test:tester' }, NOBODY, 'silent'],
    [{ Service: 'logging.s3.amazonaws.com' }, TESTER, 'silent'],
    [{ Service: 'logging.s3.amazonaws.com' }, LOGGING, 'allow'],
    [{ Service: 'ec2.amazonaws.com' }, LOGGING, 'silent'],
    ['*', LOGGING, 'allow'],
    [{ AWS: 'test' }, LOGGING, 'silent'],
    [{ AWS: 'arn:aws:sts::test:assumed-role/reader/me' }, TESTER, 'silent'],
    [{ AWS: 'arn:aws:iam::test:role/reader' }, TESTER, 'silent'],
    [{ AWS: 'arn:aws:iam::test:role/reader' }, READER, 'allow'],
    [{ AWS: 'arn:aws:iam::AUTH_test:role/path/reader' }, READER, 'allow'],
    [{ AWS: 'arn:aws:iam::other:role/reader' }, READER, 'silent'],
    [{ AWS: 'arn:aws:iam::test:role/writer' }, READER, 'silent'],
    [{ AWS: 'arn:aws:sts::test:assumed-role/reader/me' }, READER, 'allow'],
    [{ AWS: 'arn:aws:sts::test:assumed-role/reader/other' }, READER, 'silent'],
    [{ AWS: 'arn:aws:iam::test:root' }, READER, 'allow'],
    [{ AWS: 'arn:aws:iam::test:user/tester' }, READER, 'silent'],
    [{ AWS: 'test:tester' }, READER, 'silent'],
  ]
  for (const [principal, caller, expected] of cases) {
    t.equal(verdict({ Principal: principal }, { caller }), expected, JSON.stringify(principal))
  }
  const but = { Principal: undefined, NotPrincipal: { AWS: 'test:tester' } }
  t.equal(verdict(but), 'silent')
  t.equal(verdict(but, { caller: NOBODY }), 'allow')
  t.end()
})

t.test('actions and resources', (t) => {
  t.equal(verdict({ Action: 's3:getobject' }), 'allow')
  t.equal(verdict({ Action: 's3:Get*' }), 'allow')
  t.equal(verdict({ Action: 's3:Put*' }), 'silent')
  t.equal(verdict({ Action: undefined, NotAction: 's3:Put*' }), 'allow')
  t.equal(verdict({ Action: undefined, NotAction: 's3:Get*' }), 'silent')
  t.equal(verdict({ Resource: 'arn:aws:s3:::photos/b*' }), 'silent')
  t.equal(verdict({ Resource: undefined, NotResource: 'arn:aws:s3:::photos/b*' }), 'allow')
  t.equal(verdict({ Resource: 'arn:aws:s3:::photos/*' }, { resource: 'arn:aws:s3:::photos' }), 'silent')
  t.end()
})

t.test('an explicit denial wins, wherever it stands', (t) => {
  const deny = { ...STATEMENT, Effect: 'Deny', Resource: 'arn:aws:s3:::photos/secret/*' }
  const asked = { resource: 'arn:aws:s3:::photos/secret/1' }
  for (const statements of [
    [STATEMENT, deny],
    [deny, STATEMENT],
  ]) {
    t.equal(ask(policyOf(statements), asked), 'deny')
    t.equal(ask(policyOf(statements)), 'allow')
  }
  t.end()
})

t.test('variables stand for values of the request, and only for them', (t) => {
  const Resource = 'arn:aws:s3:::photos/home/${aws:username}/*'
  const own = { resource: 'arn:aws:s3:::photos/home/tester/a' }
  t.equal(verdict({ Resource }, own), 'allow')
  t.equal(verdict({ Resource }, { resource: 'arn:aws:s3:::photos/home/other/a' }), 'silent')
  t.equal(verdict({ Resource }, { ...own, caller: NOBODY }), 'silent')
  const star = { ...TESTER, name: '*' }
  t.equal(verdict({ Resource }, { ...own, caller: star }), 'silent', 'a name is no wildcard')
  t.equal(
    verdict(
      { Resource: "arn:aws:s3:::photos/${aws:username, 'guest'}" },
      { caller: NOBODY, resource: 'arn:aws:s3:::photos/guest' },
    ),
    'allow',
  )
  const literal = { Resource: 'arn:aws:s3:::photos/a${*}b${?}${$}' }
  t.equal(verdict(literal, { resource: 'arn:aws:s3:::photos/a*b?$' }), 'allow')
  t.equal(verdict(literal, { resource: 'arn:aws:s3:::photos/axb?$' }), 'silent')
  t.equal(
    ask(policyOf([{ ...STATEMENT, Resource }], '2008-10-17'), own),
    'silent',
    'the older version has none',
  )
  t.end()
})

t.test('conditions', (t) => {
  const holds = (Condition: object, asked: Asked = {}): boolean => verdict({ Condition }, asked) === 'allow'
  const referer = (value: string): Asked => ({ facts: { headers: { referer: value } } })
  const site = referer('http://www.example.com/page')
  const cases: readonly (readonly [what: object, asked: Asked, holds: boolean])[] = [
    [{ StringLike: { 'aws:Referer': 'http://*.example.com/*' } }, site, true],
    [{ StringLike: { 'AWS:REFERER': ['x', 'http://*.example.com/*'] } }, site, true],
    [{ StringEquals: { 'aws:Referer': 'http://*.example.com/*' } }, site, false],
    [{ StringLike: { 'aws:Referer': 'http://*' } }, {}, false],
    [{ StringLikeIfExists: { 'aws:Referer': 'http://*' } }, {}, true],
    [{ StringNotLike: { 'aws:Referer': 'http://*' } }, {}, true],
    [{ StringNotLike: { 'aws:Referer': ['x', 'http://*'] } }, site, false],
    [{ StringNotEquals: { 'aws:Referer': ['x', 'y'] } }, site, true],
    [{ StringEqualsIgnoreCase: { 'aws:Referer': 'HTTP://WWW.example.com/page' } }, site, true],
    [{ StringNotEqualsIgnoreCase: { 'aws:Referer': 'HTTP://WWW.example.com/page' } }, site, false],
    [{ Null: { 'aws:Referer': true } }, {}, true],
    [{ Null: { 'aws:Referer': 'true' } }, site, false],
    [{ Null: { 'aws:Referer': false } }, site, true],
    [{ IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }, {}, true],
    [{ IpAddress: { 'aws:SourceIp': '192.0.2.9/24' } }, {}, true],
    [{ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '2001:db8::/32'] } }, {}, false],
    [{ NotIpAddress: { 'aws:SourceIp': '192.0.2.7' } }, {}, false],
    [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, {}, true],
    [{ IpAddress: { 'aws:SourceIp': '192.0.2.7' } }, { facts: { remoteAddress: '::ffff:192.0.2.7' } }, true],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, {}, true],
    [{ Bool: { 'aws:SecureTransport': true } }, {}, false],
    [{ DateGreaterThan: { 'aws:CurrentTime': '2026-11-21T00:00:00Z' } }, {}, true],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-11-21' } }, {}, false],
    [{ NumericGreaterThan: { 'aws:EpochTime': 1_700_000_000 } }, {}, true],
    [{ DateGreaterThan: { 'aws:EpochTime': '2026-01-01' } }, {}, true],
    [{ NumericLessThanEquals: { 's3:max-keys': '10' } }, { query: { 'max-keys': '10' } }, true],
    [{ NumericLessThan: { 's3:max-keys': '10' } }, { query: { 'max-keys': '10' } }, false],
    [{ NumericNotEquals: { 's3:max-keys': 10 } }, { query: { 'max-keys': 'ten' } }, true],
    [{ StringEquals: { 's3:prefix': ['', 'home/'] } }, { query: { prefix: 'home/' } }, true],
    [{ StringEquals: { 's3:prefix': ['', 'home/'] } }, {}, false],
    [{ StringLike: { 's3:prefix': '${aws:username}/*' } }, { query: { prefix: 'tester/a' } }, true],
    [
      { StringEquals: { 's3:x-amz-acl': 'public-read' } },
      { facts: { headers: { 'x-amz-acl': 'public-read' } } },
      true,
    ],
    [{ StringEquals: { 's3:x-amz-acl': 'private' } }, { query: { 'x-amz-acl': 'private' } }, false],
    [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::test:user/*' } }, {}, true],
    [{ ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*' } }, {}, false],
    [{ ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::test:user/*' } }, {}, false],
    [
      { StringEquals: { 's3:ExistingObjectTag/Colour': 'red' } },
      { facts: { objectTags: new Map([['colour', 'red']]) } },
      true,
    ],
    [{ StringEquals: { 's3:ExistingObjectTag/Colour': 'red' } }, {}, false],
    [
      { StringEquals: { 's3:RequestObjectTag/a': '1' } },
      { facts: { headers: { 'x-amz-tagging': 'a=1&b=2' } } },
      true,
    ],
    [
      { 'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['a', 'b', 'c'] } },
      { facts: { headers: { 'x-amz-tagging': 'a=1&b=2' } } },
      true,
    ],
    [
      { 'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['a'] } },
      { facts: { headers: { 'x-amz-tagging': 'a=1&b=2' } } },
      false,
    ],
    [{ 'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['a'] } }, {}, true],
    [{ 'ForAnyValue:StringEquals': { 's3:RequestObjectTagKeys': ['a'] } }, {}, false],
    [
      { 'ForAnyValue:StringNotEquals': { 's3:RequestObjectTagKeys': ['a'] } },
      { facts: { headers: { 'x-amz-tagging': 'a=1&b=2' } } },
      true,
    ],
    [
      { StringEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256', 's3:authType': 'REST-QUERY-STRING' } },
      { facts: { signature: { version: 'AWS4-HMAC-SHA256', where: 'REST-QUERY-STRING' } } },
      true,
    ],
    [
      { NumericLessThan: { 's3:signatureAge': 600_000 } },
      { facts: { signature: { version: 'AWS', where: 'REST-QUERY-STRING', ageMs: 700_000 } } },
      false,
    ],
    [
      { NumericGreaterThan: { 's3:object-lock-remaining-retention-days': 10 } },
      { facts: { headers: { 'x-amz-object-lock-retain-until-date': '2026-12-21T12:00:00Z' } } },
      true,
    ],
    [{ StringEquals: { 'aws:PrincipalType': 'Anonymous' } }, { caller: NOBODY }, true],
    [{ StringEquals: { 'aws:userid': 'test:tester', 'aws:ResourceAccount': 'test' } }, {}, true],
    [{ ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::test:role/reader' } }, { caller: READER }, true],
    [{ StringEquals: { 'aws:PrincipalType': 'AssumedRole' } }, { caller: READER }, true],
    [{ StringLike: { 'aws:userid': '*:me' } }, { caller: READER }, true],
    [{ Null: { 'aws:username': 'true' } }, { caller: READER }, true],
    [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } }, {}, true],
    [{ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, {}, false],
    [{ StringNotEqualsIfExists: { 's3:x-amz-acl': 'public-read' } }, {}, true],
    [{ StringNotEquals: { 's3:x-amz-acl': 'public-read' } }, {}, true],
    [{ 'ForAnyValue:StringNotEquals': { 's3:RequestObjectTagKeys': ['a'] } }, {}, false],
    [{ 'ForAllValues:StringNotEquals': { 's3:RequestObjectTagKeys': ['a'] } }, {}, true],
    [{ IpAddressIfExists: { 'aws:SourceIp': '10.0.0.0/8' } }, { facts: { remoteAddress: undefined } }, true],
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { facts: { remoteAddress: undefined } }, false],
    [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { facts: { remoteAddress: undefined } }, true],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, { facts: { secure: true } }, true],
    [
      { StringLike: { 's3:ExistingObjectTag/a': '${aws:username}' } },
      { facts: { objectTags: new Map([['a', 'tester']]) } },
      true,
    ],
    [{ StringEquals: { 'aws:userid': 'test:tester', 'aws:ResourceAccount': 'other' } }, {}, false],
  ]
  for (const [what, asked, expected] of cases) {
    t.equal(holds(what, asked), expected, `${JSON.stringify(what)} ${JSON.stringify(asked)}`)
  }
  t.end()
})

t.test('what makes a policy public', (t) => {
  const cases: readonly (readonly [change: object, isPublic: boolean])[] = [
    [{}, true],
    [{ Effect: 'Deny' }, false],
    [{ Principal: { AWS: 'test:tester' } }, false],
    [{ Principal: { AWS: ['test', '*'] } }, true],
    [{ Principal: undefined, NotPrincipal: { AWS: 'test' } }, true],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, false],
    [{ Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '0.0.0.0/1'] } } }, true],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '2001:db8::/32' } } }, false],
    [{ Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, true],
    [{ Condition: { StringLike: { 'aws:Referer': 'http://example.com/*' } } }, true],
    [{ Condition: { StringEquals: { 'aws:userid': 'test:tester' } } }, false],
    [{ Condition: { StringLike: { 'aws:userid': 'test:*' } } }, true],
    [{ Condition: { StringEqualsIfExists: { 'aws:userid': 'test:tester' } } }, true],
  ]
  for (const [change, isPublic] of cases) {
    t.equal(isPublicPolicy(policyOf([{ ...STATEMENT, ...change }])), isPublic, JSON.stringify(change))
  }
  t.end()
})
