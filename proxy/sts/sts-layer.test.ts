import t from 'tap'
import { v2Signature } from '#auth/s3/v2.ts'
import { HOLDER, sessionsOn, standingClock } from '#auth/testing/s3-verifier.ts'
import type { V4Credentials } from '#auth/testing/sign-v4.ts'
import { DEFAULT_S3_OPTIONS } from '../s3/options.ts'
import { elementIn } from '../testing/s3-door.ts'
import { signedHeaders, signedS3Door, signingNow, TESTER } from '../testing/signed-s3-door.ts'
import type { Received } from '../testing/test-proxy.ts'
import { STS_ACTIONS } from './sts-actions.ts'

const { unsigned, signed } = signedS3Door()
const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
const READ_ONLY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
})

t.before(async () => {
  await signed({ method: 'PUT', target: '/bucket' })
  await signed({ method: 'PUT', target: '/bucket/key', body: 'hello' })
})

function ask(
  parameters: Readonly<Record<string, string>>,
  credentials: V4Credentials = TESTER,
): Promise<Received> {
  const body = new URLSearchParams({ Version: '2011-06-15', ...parameters }).toString()
  const sent = { method: 'POST', target: '/', headers: FORM, body }
  // Its region is another than that of the buckets: this service has none.
  const signing = { ...signingNow(credentials), service: 'sts', region: 'eu-west-1' }
  return unsigned({ ...sent, headers: signedHeaders(sent, signing) })
}

function credentialsIn(answer: Received): V4Credentials {
  return {
    accessKey: elementIn(answer, 'AccessKeyId') ?? '',
    secret: elementIn(answer, 'SecretAccessKey') ?? '',
    sessionToken: elementIn(answer, 'SessionToken'),
  }
}

function outcome(answer: Received): string {
  return `${answer.status} ${elementIn(answer, 'Code') ?? ''}`.trim()
}

/** What these credentials can do: read, write. */
async function powers(credentials: V4Credentials): Promise<readonly number[]> {
  const signing = signingNow(credentials)
  const read = await signed({ target: '/bucket/key' }, signing)
  const write = await signed({ method: 'PUT', target: '/bucket/other', body: 'x' }, signing)
  return [read.status, write.status]
}

void t.test('GetSessionToken gives credentials that can do what their holder can', async (t) => {
  const answer = await ask({ Action: 'GetSessionToken', DurationSeconds: '900' })
  t.equal(answer.status, 200)
  t.match(
    answer.body,
    /^<GetSessionTokenResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><GetSessionTokenResult><Credentials>/,
  )
  const lifeMs = Date.parse(elementIn(answer, 'Expiration') ?? '') - Date.now()
  t.ok(lifeMs > 840_000 && lifeMs <= 900_000)
  t.same(await powers(credentialsIn(answer)), [200, 200])
})

const ADMIN = {
  Action: 'AssumeRole',
  RoleArn: 'arn:aws:iam::test:role/path/admin',
  RoleSessionName: 'build-7',
} as const

void t.test('AssumeRole gives what the role may, less what the policy takes away', async (t) => {
  const limited = await ask({ ...ADMIN, Policy: READ_ONLY })
  t.equal(elementIn(limited, 'Arn'), 'arn:aws:sts::test:assumed-role/admin/build-7')
  t.equal(elementIn(limited, 'AssumedRoleId'), 'admin:build-7')
  t.same(await powers(credentialsIn(limited)), [200, 403])
  t.same(await powers(credentialsIn(await ask(ADMIN))), [200, 200])
  t.equal(
    outcome(await ask(ADMIN, credentialsIn(limited))),
    '403 AccessDenied',
    'limits cannot be shaken off',
  )
})

void t.test(
  'a role that is not assigned to the caller is denied, and so is one of another account',
  async (t) => {
    for (const RoleArn of [
      'arn:aws:iam::test:role/auditors',
      'arn:aws:iam::test:role/reseller_admin',
      'arn:aws:iam::test2:role/admin',
      'arn:aws:iam::AUTH_test2:role/admin',
    ]) {
      const denied = await ask({ ...ADMIN, RoleArn })
      t.equal(outcome(denied), '403 AccessDenied', RoleArn)
      t.equal(
        elementIn(denied, 'Message'),
        `User: arn:aws:iam::test:user/tester is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      )
    }
    t.equal(outcome(await ask({ ...ADMIN, RoleArn: 'arn:aws:iam::AUTH_test:role/admin' })), '200')
  },
)

void t.test(
  'in a role that is assigned one may do what the role may, and policies know the role',
  async (t) => {
    const answer = await ask(ADMIN)
    const credentials = credentialsIn(answer)
    t.equal(elementIn(answer, 'Arn'), 'arn:aws:sts::test:assumed-role/admin/build-7')
    t.same(await powers(credentials), [200, 200])
    const identity = await ask({ Action: 'GetCallerIdentity' }, credentials)
    t.equal(elementIn(identity, 'Arn'), 'arn:aws:sts::test:assumed-role/admin/build-7')
    t.equal(elementIn(identity, 'UserId'), 'admin:build-7')
    const deny = (AWS: string): string =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Deny', Principal: { AWS }, Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' },
        ],
      })
    const policy = { method: 'PUT', target: '/bucket?policy' }
    await signed({ ...policy, body: deny('arn:aws:iam::test:role/admin') })
    t.same(await powers(credentials), [403, 200])
    t.same(await powers(TESTER), [200, 200])
    t.equal(
      outcome(await ask(ADMIN, credentials)),
      '403 AccessDenied',
      'no role trusts a role, not even itself',
    )
    await signed({ ...policy, body: deny('arn:aws:iam::test:user/tester') })
    t.same(await powers(credentials), [200, 200])
    t.same(await powers(TESTER), [403, 200])
    await signed({ method: 'DELETE', target: '/bucket?policy' })
  },
)

void t.test('a federated user may do what their policy says, and nothing without one', async (t) => {
  const user = { Action: 'GetFederationToken', Name: 'guest' }
  const reader = await ask({ ...user, Policy: READ_ONLY })
  t.equal(elementIn(reader, 'Arn'), 'arn:aws:sts::test:federated-user/guest')
  t.same(await powers(credentialsIn(reader)), [200, 403])
  t.same(await powers(credentialsIn(await ask(user))), [403, 403])
})

void t.test('credentials that do not last get no further ones', async (t) => {
  const session = credentialsIn(await ask({ Action: 'GetSessionToken' }))
  t.equal(outcome(await ask({ Action: 'GetSessionToken' }, session)), '403 AccessDenied')
  t.equal(outcome(await ask({ Action: 'GetFederationToken', Name: 'guest' }, session)), '403 AccessDenied')
  t.equal(outcome(await ask(ADMIN, session)), '200', 'but whoever has them is still who they are')
})

void t.test('GetCallerIdentity says who asks, by a form and by a link', async (t) => {
  const answer = await ask({ Action: 'GetCallerIdentity' })
  t.equal(elementIn(answer, 'Arn'), 'arn:aws:iam::test:user/tester')
  t.equal(elementIn(answer, 'UserId'), 'test:tester')
  t.equal(elementIn(answer, 'Account'), 'test')
  const sent = { target: '/?Action=GetCallerIdentity&Version=2011-06-15' }
  const got = await unsigned({ ...sent, headers: signedHeaders(sent, { ...signingNow(), service: 'sts' }) })
  t.equal(elementIn(got, 'Account'), 'test')
})

void t.test('a signature that says nothing of what is asked for gets no credentials', async (t) => {
  const date = new Date().toUTCString()
  const signature = v2Signature(`GET\n\n\n${date}\n/`, TESTER.secret)
  const headers = { date, authorization: `AWS ${TESTER.accessKey}:${signature}` }
  t.equal((await unsigned({ target: '/', headers })).status, 200, 'it lists buckets')
  t.equal(outcome(await unsigned({ target: '/?Action=GetSessionToken', headers })), '403 AccessDenied')
})

void t.test('what is wrong is told in the terms of the service', async (t) => {
  const wrong: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{}, '400 MissingAction'],
    [{ Action: 'DeleteEverything' }, '400 InvalidAction'],
    [{ Action: 'GetSessionToken', DurationSeconds: '899' }, '400 ValidationError'],
    [{ Action: 'GetSessionToken', DurationSeconds: '129601' }, '400 ValidationError'],
    [{ ...ADMIN, DurationSeconds: '43201' }, '400 ValidationError'],
    [{ ...ADMIN, RoleArn: 'admin' }, '400 ValidationError'],
    [{ ...ADMIN, RoleSessionName: 'a b' }, '400 ValidationError'],
    [{ ...ADMIN, Policy: '{' }, '400 MalformedPolicyDocument'],
    [{ ...ADMIN, Policy: `{"Id":"${'x'.repeat(2048)}"}` }, '400 ValidationError'],
    [{ ...ADMIN, 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnly' }, '400 ValidationError'],
    [{ Action: 'GetFederationToken', Name: '' }, '400 ValidationError'],
    [{ Action: 'AssumeRoleWithWebIdentity', WebIdentityToken: 'x' }, '400 InvalidIdentityToken'],
    [{ Action: 'GetSessionToken', more: 'x'.repeat(70_000) }, '413 RequestEntityTooLarge'],
  ]
  for (const [parameters, expected] of wrong) t.equal(outcome(await ask(parameters)), expected)
  const asked = { Action: 'GetSessionToken' }
  t.equal(outcome(await ask(asked, { ...TESTER, secret: 'guess' })), '403 SignatureDoesNotMatch')
  t.equal(outcome(await ask(asked, { accessKey: 'nobody', secret: '' })), '403 InvalidClientTokenId')
  const nobody = await unsigned({
    method: 'POST',
    target: '/',
    headers: FORM,
    body: 'Action=GetSessionToken',
  })
  t.equal(outcome(nobody), '403 MissingAuthenticationToken')
  t.match(nobody.body, /<ErrorResponse .*<Error><Type>Sender<\/Type><Code>/)
})

void t.test('a token that no link could carry is not given out', async (t) => {
  const groups = Array.from({ length: 500 }, (_, at) => `a group with number ${at}`)
  const holder = { ...HOLDER, principal: { ...HOLDER.principal, groups } }
  const asked = STS_ACTIONS.get('GetFederationToken')?.({
    sender: {
      kind: 'signed',
      via: 'header',
      accessKey: 'test:tester',
      lastingKey: 'test:tester',
      holder,
      session: undefined,
      payloadHash: undefined,
      chunks: undefined,
    },
    parameters: new Map([['Name', 'guest']]),
    sessions: sessionsOn(standingClock()),
  })
  t.match(asked, { code: 'PackedPolicyTooLarge' })
})

void t.test('a form for the host of a bucket is not for this service', async (t) => {
  const door = signedS3Door({ s3: { ...DEFAULT_S3_OPTIONS, domains: ['s3.example'] } })
  const headers = { ...FORM, host: 'bucket.s3.example' }
  const answer = await door.unsigned({ method: 'POST', target: '/', headers, body: 'Action=GetSessionToken' })
  t.notMatch(answer.body, /sts\.amazonaws\.com/)
})

void t.test('a form that was changed on its way is refused', async (t) => {
  const sent = {
    method: 'POST',
    target: '/',
    headers: FORM,
    body: 'Action=GetSessionToken&DurationSeconds=900',
  }
  const headers = signedHeaders(sent, { ...signingNow(), service: 'sts' })
  const changed = { ...sent, headers, body: 'Action=GetSessionToken&DurationSeconds=9000' }
  t.equal(outcome(await unsigned(changed)), '403 SignatureDoesNotMatch')
})
