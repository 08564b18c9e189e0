import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { isSignedRequest, isSignedString } from './ec2-signature.ts'

/** Of the examples in Amazon's documents. */
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

t.test('the string of an S3 request, version 2', async (t) => {
  // "Signing and authenticating REST requests", object GET.
  const text = 'GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg'
  t.ok(isSignedString(SECRET, base64(text), 'qgk2+6Sv9/oM7G3qLEjTH1a1l1g='))
  t.notOk(isSignedString(SECRET, base64(`${text}x`), 'qgk2+6Sv9/oM7G3qLEjTH1a1l1g='))
  t.notOk(isSignedString('other', base64(text), 'qgk2+6Sv9/oM7G3qLEjTH1a1l1g='))
})

t.test('the string of an S3 request, version 4', async (t) => {
  // "Signature Calculations for the Authorization Header", GET Object.
  const text = [
    'AWS4-HMAC-SHA256',
    '20130524T000000Z',
    '20130524/us-east-1/s3/aws4_request',
    '7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972',
  ].join('\n')
  const signature = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
  t.ok(isSignedString(SECRET, base64(text), signature))
  t.notOk(isSignedString(SECRET, base64(text.replace('us-east-1', 'eu-west-1')), signature))
})

t.test('an EC2 request, version 2: everything but the signature is signed', async (t) => {
  const params = {
    AWSAccessKeyId: 'key',
    Action: 'DescribeInstances',
    SignatureMethod: 'HmacSHA256',
    SignatureVersion: '2',
    Timestamp: '2011-10-03T15:19:30',
  }
  const query =
    'AWSAccessKeyId=key&Action=DescribeInstances&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2011-10-03T15%3A19%3A30'
  const text = `GET\nec2.example\n/\n${query}`
  const signature = createHmac('sha256', SECRET).update(text).digest('base64')
  const request = { verb: 'GET', host: 'EC2.example', path: '/', params, signature }
  t.ok(isSignedRequest(SECRET, request))
  t.ok(isSignedRequest(SECRET, { ...request, params: { ...params, Signature: signature } }))
  t.notOk(isSignedRequest(SECRET, { ...request, path: '/other' }))
  t.notOk(isSignedRequest(SECRET, { ...request, params: { ...params, Action: 'Terminate' } }))
  t.notOk(isSignedRequest(SECRET, { ...request, params: { ...params, SignatureVersion: '1' } }))
})

t.test('an EC2 request, version 4', async (t) => {
  // "Examples of the complete Signature Version 4 signing process", IAM ListUsers.
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
    Host: 'iam.amazonaws.com',
    'X-Amz-Date': '20150830T123600Z',
    Authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=x',
  }
  const request = {
    verb: 'GET',
    host: 'iam.amazonaws.com',
    path: '/',
    params: { Action: 'ListUsers', Version: '2010-05-08' },
    headers,
    body_hash: createHash('sha256').update('').digest('hex'),
    signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  }
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
  t.ok(isSignedRequest(secret, request))
  t.notOk(isSignedRequest(secret, { ...request, params: { Action: 'DeleteUser', Version: '2010-05-08' } }))
  t.notOk(isSignedRequest(SECRET, request))
})

t.test('what is no signed request is none', async (t) => {
  for (const request of [
    {},
    { params: 5, headers: [] },
    { headers: { authorization: 'AWS4-HMAC-SHA256 x' } },
  ]) {
    t.notOk(isSignedRequest(SECRET, request))
  }
  t.notOk(isSignedString(SECRET, '', ''))
})
