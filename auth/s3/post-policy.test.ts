import fc from 'fast-check'
import t from 'tap'
import { checkPolicy, type PostPolicy, parsePostPolicy } from './post-policy.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

function encoded(document: unknown): string {
  return Buffer.from(JSON.stringify(document)).toString('base64')
}

function policyOf(...conditions: readonly unknown[]): PostPolicy {
  const policy = parsePostPolicy(encoded({ expiration: '2026-01-02T00:00:00Z', conditions }))
  if ('kind' in policy) throw new Error(policy.message)
  return policy
}

function problem(
  policy: PostPolicy,
  fields: Readonly<Record<string, string>>,
  nowMs = NOW_MS,
): string | undefined {
  return checkPolicy(policy, new Map(Object.entries(fields)), nowMs)?.message
}

void t.test('conditions are read in all the forms in which they are written', async (t) => {
  const policy = policyOf(
    { acl: 'public-read' },
    ['eq', '$Bucket', 'bucket'],
    ['starts-with', '$key', 'user/'],
    ['content-length-range', 10, '20'],
    ['STARTS-WITH', '$x-amz-meta-tag', ''],
  )
  t.same(policy.sizes, [{ leastBytes: 10, mostBytes: 20 }])
  const form = { acl: 'public-read', bucket: 'bucket', key: 'user/name', 'x-amz-meta-tag': 'anything' }
  t.equal(problem(policy, form), undefined)
  const wrong: readonly (readonly [object, string])[] = [
    [{ acl: 'private' }, 'Policy Condition failed: ["eq","$acl","public-read"]'],
    [{ bucket: 'other' }, 'Policy Condition failed: ["eq","$Bucket","bucket"]'],
    [{ key: 'other/name' }, 'Policy Condition failed: ["starts-with","$key","user/"]'],
    [{ 'x-amz-meta-more': '1' }, 'Extra input fields: x-amz-meta-more'],
  ]
  for (const [change, message] of wrong) {
    t.equal(problem(policy, { ...form, ...change }), `Invalid according to Policy: ${message}`)
  }
})

void t.test('the policy, its signature, the file and what is to be ignored need no condition', async (t) => {
  const fields = {
    policy: '…',
    'x-amz-signature': '…',
    signature: '…',
    awsaccesskeyid: '…',
    'x-ignore-this': '…',
  }
  t.equal(problem(policyOf(), fields), undefined)
  const message = 'Invalid according to Policy: Extra input fields: bucket'
  t.equal(problem(policyOf(), { ...fields, bucket: 'b' }), message, 'the bucket needs one')
})

void t.test('every type of a list must be allowed', async (t) => {
  const policy = policyOf(['starts-with', '$Content-Type', 'image/'])
  t.equal(problem(policy, { 'content-type': 'image/png, image/jpeg' }), undefined)
  t.match(problem(policy, { 'content-type': 'image/png,text/html' }), /Policy Condition failed/)
})

void t.test('a policy ends when it says', async (t) => {
  t.equal(problem(policyOf(), {}, Date.UTC(2026, 0, 2) - 1), undefined)
  t.match(problem(policyOf(), {}, Date.UTC(2026, 0, 2)), /^Invalid according to Policy: Policy expired/)
})

void t.test('what is no policy is refused', async (t) => {
  const expiration = '2026-01-02T00:00:00.000Z'
  const wrong: readonly unknown[] = [
    [],
    'text',
    {},
    { conditions: [] },
    { expiration },
    { expiration: 'tomorrow', conditions: [] },
    { expiration: '2026-01-02', conditions: [] },
    { expiration, conditions: {} },
    { expiration, conditions: ['eq'] },
    { expiration, conditions: [{ a: '1', b: '2' }] },
    { expiration, conditions: [{}] },
    { expiration, conditions: [{ a: 1 }] },
    { expiration, conditions: [null] },
    { expiration, conditions: [['eq', 'key', 'x']] },
    { expiration, conditions: [['eq', '$key']] },
    { expiration, conditions: [['eq', '$key', 'x', 'y']] },
    { expiration, conditions: [['matches', '$key', 'x']] },
    { expiration, conditions: [['content-length-range', 2, 1]] },
    { expiration, conditions: [['content-length-range', -1, 1]] },
    { expiration, conditions: [['content-length-range', '1e3', 1e30]] },
  ]
  for (const document of wrong) {
    t.match(parsePostPolicy(encoded(document)), { code: 'InvalidPolicyDocument' }, JSON.stringify(document))
  }
  t.match(parsePostPolicy('not base64 at all'), { code: 'InvalidPolicyDocument' })
})

void t.test('whatever a form holds, nothing throws', async () => {
  const document = fc.oneof(
    fc.json().map((json) => Buffer.from(json).toString('base64')),
    fc.string(),
  )
  fc.assert(
    fc.property(document, fc.array(fc.anything()), (text, conditions) => {
      parsePostPolicy(text)
      const made = { expiration: '2026-01-02T00:00:00Z', conditions }
      const policy = parsePostPolicy(Buffer.from(fc.stringify(made)).toString('base64'))
      if (!('kind' in policy)) checkPolicy(policy, new Map([['key', 'x']]), NOW_MS)
    }),
  )
})
