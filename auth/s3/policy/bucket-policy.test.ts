/** Goal: what is no policy is refused with Amazon's message, and no document, however bent, does anything else. */
import fc from 'fast-check'
import t from 'tap'
import { type ParsedPolicy, POLICY_BYTES_MAX, parseBucketPolicy, parsePolicy } from './bucket-policy.ts'
import { evaluatePolicy } from './evaluate.ts'

const STATEMENT = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::photos/*',
}

function parse(document: unknown): ParsedPolicy {
  return parseBucketPolicy(JSON.stringify(document), 'photos')
}

function messageOf(change: object): string {
  const parsed = parse({ Version: '2012-10-17', Statement: [{ ...STATEMENT, ...change }] })
  return parsed.kind === 'policy' ? 'fine' : parsed.message
}

t.test('documents that are no policy', (t) => {
  const message = (text: string): string => {
    const parsed = parseBucketPolicy(text, 'photos')
    return parsed.kind === 'policy' ? 'fine' : parsed.message
  }
  t.equal(message(''), "Policies must be valid JSON and the first byte must be '{'")
  t.equal(message('[]'), "Policies must be valid JSON and the first byte must be '{'")
  t.equal(message('{"Statement":'), 'This policy contains invalid Json')
  t.equal(message('{}'), 'Missing required field Statement')
  t.equal(message('{"Statement":[]}'), 'Could not parse the policy: Statement is empty!')
  t.equal(message('{"Statement":["x"]}'), 'Invalid policy syntax.')
  t.equal(message('{"Statements":[]}'), 'Unknown field Statements')
  t.equal(
    message('{"Version":"2020-01-01","Statement":[]}'),
    'The policy must contain a valid version string',
  )
  t.equal(message('{"Version":"__proto__","Statement":[]}'), 'The policy must contain a valid version string')
  t.equal(
    message(`{"Id":"${'x'.repeat(POLICY_BYTES_MAX)}"}`),
    'Policy exceeds the maximum allowed document size.',
  )
  t.end()
})

t.test('statements that are none', (t) => {
  const gone = (field: string): object => ({ [field]: undefined })
  const cases: readonly (readonly [change: object, message: string])[] = [
    [{}, 'fine'],
    [gone('Effect'), 'Missing required field Effect'],
    [gone('Principal'), 'Missing required field Principal'],
    [gone('Action'), 'Missing required field Action'],
    [gone('Resource'), 'Missing required field Resource'],
    [{ Action: [] }, 'Missing required field Action'],
    [{ Resource: [] }, 'Missing required field Resource'],
    [{ Effect: 'hello' }, 'Invalid effect: hello'],
    [{ Colour: 'blue' }, 'Unknown field Colour'],
    [{ Principal: 'someone' }, 'Invalid principal in policy'],
    [{ Principal: { AWS: 'arn:aws:iam::test:user/*' } }, 'Invalid principal in policy'],
    [{ Principal: { AWS: '' } }, 'Invalid principal in policy'],
    [{ Principal: { AWS: [] } }, 'Invalid principal in policy'],
    [{ Principal: {} }, 'Invalid principal in policy'],
    [{ Principal: { Planet: 'Mars' } }, 'Invalid principal in policy'],
    [{ NotPrincipal: '*' }, 'Invalid policy syntax.'],
    [{ Action: 's3:GetObjects' }, 'Policy has invalid action'],
    [{ Action: 'ec2:RunInstances' }, 'Policy has invalid action'],
    [{ Action: 7 }, 'Policy has invalid action'],
    [{ Resource: 'arn:aws:s3:::others/*' }, 'Policy has invalid resource'],
    [{ Resource: 'photos/*' }, 'Policy has invalid resource'],
    [{ Resource: 'arn:aws:s3:::photos/${' }, 'Policy has invalid resource'],
    [{ Resource: 'arn:aws:s3:::photos' }, 'Action does not apply to any resource(s) in statement'],
    [{ Action: ['s3:GetObject', 's3:ListBucket'] }, 'Action does not apply to any resource(s) in statement'],
    [{ Action: 's3:*', Resource: 'arn:aws:s3:::photos' }, 'fine'],
    [{ Action: ['s3:ListBucket', 's3:GetObject'], Resource: 'arn:aws:s3:::pho*' }, 'fine'],
    [{ Condition: { Sounds: { 'aws:SourceIp': '10.0.0.1' } } }, 'Invalid Condition type : Sounds'],
    [{ Condition: { StringEquals: { colour: 'x' } } }, 'Policy has an invalid condition key'],
    [{ Condition: { StringEquals: { 's3:colour': 'x' } } }, 'Policy has an invalid condition key'],
    [
      { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.256' } } },
      'Policy has an invalid value in a condition',
    ],
    [
      { Condition: { NumericEquals: { 's3:max-keys': 'ten' } } },
      'Policy has an invalid value in a condition',
    ],
    [
      { Condition: { DateLessThan: { 'aws:CurrentTime': 'now' } } },
      'Policy has an invalid value in a condition',
    ],
    [{ Condition: { Null: { 'aws:Referer': 'maybe' } } }, 'Policy has an invalid value in a condition'],
    [{ Condition: { NullIfExists: { 'aws:Referer': 'true' } } }, 'Invalid Condition type : NullIfExists'],
    [{ Condition: { StringEquals: 'x' } }, 'Invalid policy syntax.'],
    [{ Condition: { StringEquals: { 'aws:Referer': {} } } }, 'Invalid policy syntax.'],
    [{ Condition: [] }, 'Invalid policy syntax.'],
  ]
  for (const [change, message] of cases) t.equal(messageOf(change), message, JSON.stringify(change))
  const twice = parse({ Statement: [1, 2].map(() => ({ ...STATEMENT, Sid: 'same' })) })
  t.match(twice, { message: 'Statement IDs (SID) in a single policy must be unique.' })
  t.end()
})

t.test('the policy of a session names no principals', (t) => {
  const { Principal: _, ...rest } = STATEMENT
  const scope = { kind: 'session' } as const
  t.equal(parsePolicy(JSON.stringify({ Statement: rest }), scope).kind, 'policy')
  t.equal(parsePolicy(JSON.stringify({ Statement: STATEMENT }), scope).kind, 'malformed')
  t.end()
})

t.test('whatever is sent is refused or can be asked', (t) => {
  const text = fc.oneof(
    fc.constantFrom('*', 's3:*', 's3:Get*', 'arn:aws:s3:::photos/*', '2012-10-17', 'Deny', '${aws:username}'),
    fc.string(),
  )
  const value: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.boolean(),
      fc.integer(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.constantFrom('AWS', 'StringLike', 'aws:UserAgent'), text), tie('any'), {
        maxKeys: 3,
      }),
    ),
  })).any
  const statement = fc.record(
    {
      Effect: fc.oneof(fc.constantFrom('Allow', 'Deny'), value),
      Principal: fc.oneof(fc.constant('*'), value),
      Action: fc.oneof(fc.constant('s3:*'), value),
      Resource: fc.oneof(fc.constant('arn:aws:s3:::photos/*'), value),
      Condition: fc.oneof(fc.constant({}), value),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 3 }), (statements) => {
      const parsed = parse({ Version: '2012-10-17', Statement: statements })
      if (parsed.kind === 'malformed') return
      evaluatePolicy(parsed.policy, {
        caller: { id: undefined, accounts: [], name: undefined },
        action: 's3:GetObject',
        resource: 'arn:aws:s3:::photos/a',
        values: () => ['x'],
      })
    }),
  )
  fc.assert(fc.property(fc.string(), (any) => void parseBucketPolicy(`{${any}`, 'photos')))
  t.end()
})
