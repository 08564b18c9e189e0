import { createHmac, hash } from 'node:crypto'
import t from 'tap'
import { amzDate } from '#auth/s3/amz-date.ts'
import { v2Signature } from '#auth/s3/v2.ts'
import { signingKey } from '#auth/testing/sign-v4.ts'
import { checksumOf } from '#base/checksums/checksum.ts'
import { elementIn } from '../../testing/s3-door.ts'
import { signedS3Door, TESTER } from '../../testing/signed-s3-door.ts'
import type { Received } from '../../testing/test-proxy.ts'

const { signed, unsigned } = signedS3Door()
const BOUNDARY = 'a-boundary'
const OTHER_MD5 = hash('md5', 'other', 'base64')

type Fields = Readonly<Record<string, string>>

t.before(async () => {
  await signed({ method: 'PUT', target: '/bucket' })
})

/** A form as a browser writes it; the file comes last. */
function formBody(fields: Fields, file: string | undefined, filename: string): string {
  const part = (disposition: string, value: string): string =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`
  const parts = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value))
  if (file !== undefined) parts.push(part(`name="file"; filename="${filename}"`, file))
  return `${parts.join('')}--${BOUNDARY}--\r\n`
}

function post(fields: Fields, file: string | undefined = 'hello', filename = 'a.txt'): Promise<Received> {
  return unsigned({
    method: 'POST',
    target: '/bucket',
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: Buffer.from(formBody(fields, file, filename)),
  })
}

const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString()

function policyText(conditions: readonly unknown[], expiration = IN_AN_HOUR): string {
  const all = [{ bucket: 'bucket' }, ...conditions]
  return Buffer.from(JSON.stringify({ expiration, conditions: all })).toString('base64')
}

const DATE = amzDate(Date.now())
const V4_FIELDS: Fields = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': `${TESTER.accessKey}/${DATE.slice(0, 8)}/us-east-1/s3/aws4_request`,
  'X-Amz-Date': DATE,
}

/** The fields with a policy that allows them and the further conditions, signed by Version 4. */
function signedForm(fields: Fields, conditions: readonly unknown[] = [], expiration?: string): Fields {
  const all = { ...fields, ...V4_FIELDS }
  const policy = policyText(
    [...Object.entries(all).map(([name, value]) => ({ [name]: value })), ...conditions],
    expiration,
  )
  const key = signingKey({ credentials: TESTER, date: DATE })
  return { ...all, Policy: policy, 'X-Amz-Signature': createHmac('sha256', key).update(policy).digest('hex') }
}

function outcome(received: Received): string {
  return `${received.status} ${elementIn(received, 'Code') ?? ''}`.trim()
}

async function stored(key: string): Promise<Received> {
  return signed({ target: `/bucket/${key}`, headers: { 'x-amz-checksum-mode': 'ENABLED' } })
}

void t.test('a form that was signed by Version 4 uploads its file', async (t) => {
  const answer = await post(
    signedForm({ key: 'v4', 'Content-Type': 'text/plain', 'x-amz-meta-colour': 'blå' }),
  )
  t.equal(outcome(answer), '204')
  t.match(answer.headers, {
    etag: '"5d41402abc4b2a76b9719d911017c592"',
    location: 'http://door.example/bucket/v4',
  })
  const found = await stored('v4')
  t.equal(found.body, 'hello')
  t.match(found.headers, {
    'content-type': 'text/plain',
    'x-amz-checksum-crc64nvme': checksumOf('CRC64NVME', Buffer.from('hello')),
  })
})

void t.test('and one by Version 2', async (t) => {
  const policy = policyText([{ bucket: 'bucket' }, ['starts-with', '$key', 'v2/']])
  const fields = {
    key: 'v2/${filename}',
    AWSAccessKeyId: TESTER.accessKey,
    policy,
    signature: v2Signature(policy, TESTER.secret),
  }
  t.equal(outcome(await post(fields, 'hello', 'C:\\folder\\a $& file.txt')), '204')
  t.equal((await stored('v2/a%20$&%20file.txt')).body, 'hello')
  t.equal(
    outcome(await post({ ...fields, signature: v2Signature(policy, 'guess') })),
    '403 SignatureDoesNotMatch',
  )
  t.equal(outcome(await post({ ...fields, AWSAccessKeyId: 'nobody' })), '403 InvalidAccessKeyId')
})

void t.test('the answer is the one that the form asks for', async (t) => {
  const created = await post(signedForm({ key: 'created key', success_action_status: '201' }))
  t.equal(created.status, 201)
  t.equal(elementIn(created, 'Location'), 'http://door.example/bucket/created%20key')
  t.equal(elementIn(created, 'Bucket'), 'bucket')
  t.equal(elementIn(created, 'Key'), 'created key')
  t.match(elementIn(created, 'ETag'), /5d41402abc4b2a76b9719d911017c592/)
  t.equal((await post(signedForm({ key: 'k', success_action_status: '200' }))).status, 200)
  t.equal((await post(signedForm({ key: 'k', success_action_status: '500' }))).status, 204)
  const sent = await post(signedForm({ key: 'k', success_action_redirect: 'https://example.org/done?a=1' }))
  t.equal(sent.status, 303)
  t.equal(
    sent.headers['location'],
    'https://example.org/done?a=1&bucket=bucket&key=k&etag=%225d41402abc4b2a76b9719d911017c592%22',
  )
  t.equal((await post(signedForm({ key: 'k', success_action_redirect: 'javascript:alert(1)' }))).status, 204)
})

void t.test('what the policy does not allow is not stored', async (t) => {
  const wrong: readonly (readonly [Fields, string])[] = [
    [{ ...signedForm({ key: 'p' }), 'x-amz-meta-more': '1' }, '403 AccessDenied'],
    [{ ...signedForm({ key: 'p' }), key: 'q' }, '403 AccessDenied'],
    [signedForm({ key: 'p' }, [{ bucket: 'other' }]), '403 AccessDenied'],
    [signedForm({ key: 'p' }, [['content-length-range', 6, 10]]), '400 EntityTooSmall'],
    [signedForm({ key: 'p' }, [['content-length-range', 0, 4]]), '400 EntityTooLarge'],
    [signedForm({ key: 'p' }, [], new Date(0).toISOString()), '403 AccessDenied'],
    [signedForm({ key: 'p' }, ['nonsense']), '400 InvalidPolicyDocument'],
    [{ ...signedForm({ key: 'p' }), Policy: policyText([]) }, '403 SignatureDoesNotMatch'],
    [signedForm({ key: 'p', 'x-amz-checksum-crc32': 'AAAAAA==' }), '400 BadDigest'],
    [signedForm({ key: 'p', 'Content-MD5': OTHER_MD5 }), '400 BadDigest'],
    [signedForm({ key: 'p', tagging: '<What/>' }), '400 MalformedXML'],
    [signedForm({ key: 'p', 'Content-MD5': 'none' }), '400 InvalidDigest'],
  ]
  for (const [fields, expected] of wrong) t.equal(outcome(await post(fields)), expected)
  t.equal(outcome(await stored('p')), '404 NoSuchKey')
  t.equal(outcome(await stored('q')), '404 NoSuchKey')
})

void t.test('a form cannot reach names that the cluster keeps for itself', async (t) => {
  t.equal(outcome(await post(signedForm({ Key: '\0versions\0key' }))), '400 InvalidArgument')
})

void t.test('the size of the file is told where it is wrong', async (t) => {
  const answer = await post(signedForm({ key: 'p' }, [['content-length-range', 0, 4]]))
  t.equal(elementIn(answer, 'ProposedSize'), '5')
  t.equal(elementIn(answer, 'MaxSizeAllowed'), '4')
})

void t.test('a form that nobody signed uploads only where everybody may', async (t) => {
  t.equal(outcome(await post({ key: 'anonymous' })), '403 AccessDenied')
})

void t.test('a form that is none is told what it lacks', async (t) => {
  t.match(outcome(await post(signedForm({}))), '400 InvalidArgument')
  t.equal(elementIn(await post(signedForm({})), 'ArgumentName'), 'key')
  t.equal(outcome(await post(signedForm({ key: '' }))), '400 UserKeyMustBeSpecified')
  const noFile = await unsigned({
    method: 'POST',
    target: '/bucket',
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: formBody(signedForm({ key: 'k' }), undefined, ''),
  })
  t.equal(elementIn(noFile, 'ArgumentName'), 'file')
  t.equal(outcome(await post({ key: 'k', policy: policyText([]) })), '400 InvalidArgument')
  t.equal(
    outcome(await post({ ...signedForm({ key: 'k' }), long: 'x'.repeat(20_481) })),
    '400 MaxPostPreDataLengthExceededError',
  )
  const plain = await unsigned({ method: 'POST', target: '/bucket', body: 'key=k' })
  t.equal(elementIn(plain, 'Condition'), 'Bucket POST must be of the enclosure-type multipart/form-data')
})

void t.test('a form that breaks off stores nothing', async (t) => {
  const whole = formBody(signedForm({ key: 'broken' }), 'hello'.repeat(100), 'a.txt')
  for (const cut of [20, 30, 300, whole.length - 10]) {
    const answer = await unsigned({
      method: 'POST',
      target: '/bucket',
      headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
      body: whole.slice(0, whole.length - cut),
    })
    t.equal(outcome(answer), '400 MalformedPOSTRequest', `without its last ${cut} bytes`)
  }
  t.equal(outcome(await stored('broken')), '404 NoSuchKey')
})
