/**
 * Goal: no operation is forgotten by the decision about access. Method: the table of operations itself is gone through; each is
 * asked of a bucket of which nothing is said, of one whose policy denies everything, and of one whose policy allows it.
 */
import t from 'tap'
import { contentMd5, elementIn, s3Door } from '../../testing/s3-door.ts'
import type { Received } from '../../testing/test-proxy.ts'
import type { S3Operation } from '../operation.ts'
import { OPERATIONS } from '../operations.ts'

/** Of the sender's own account, or told to everybody: no right to the bucket is asked for. */
const OF_NO_BUCKET: ReadonlySet<string> = new Set([
  'ListBuckets',
  'CreateBucket',
  'PreflightBucket',
  'PreflightObject',
  'Preflight',
  'PostObject',
])
/** With these its owner gets back in. */
const OF_OWNERS: ReadonlySet<string> = new Set(['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy'])

const { s3, s3As } = s3Door()
const ASKED = OPERATIONS.filter(({ name, level, method }) => {
  const ofBucket = level === 'bucket' || level === 'object'
  return ofBucket && method !== 'OPTIONS' && !OF_NO_BUCKET.has(name)
})

function ask(
  operation: S3Operation,
  bucket: string,
  who: string | undefined,
  key = 'key',
): Promise<Received> {
  const { method, level, query, header } = operation
  const parameters = ['partNumber', 'uploadId'].includes(query ?? '') ? 'partNumber=1&uploadId=none' : query
  const path = level === 'bucket' ? `/${bucket}` : `/${bucket}/${key}`
  const headers: Record<string, string> = {}
  if (header !== undefined) headers[header] = `${bucket}/key`
  const body = query === 'delete' ? '<Delete><Object><Key>key</Key></Object></Delete>' : '<x/>'
  if (query === 'delete') headers['content-md5'] = contentMd5(body)
  const sending = method === 'GET' || method === 'HEAD' ? { headers } : { headers, body }
  return s3As(who, method, parameters === undefined ? path : `${path}?${parameters}`, sending)
}

/** Denied as a whole, or, where keys are judged one by one, for each of them. */
function isDenied({ status, body }: Received): boolean {
  if (status === 403) return true
  return status === 200 && body.includes('<Code>AccessDenied</Code>') && !body.includes('<Deleted>')
}

async function bucket(name: string, policy?: object): Promise<string> {
  await s3('PUT', `/${name}`)
  await s3('PUT', `/${name}/key`, { body: 'text' })
  if (policy === undefined) return name
  const statement = {
    Principal: '*',
    Action: 's3:*',
    Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
    ...policy,
  }
  const body = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  const { status } = await s3('PUT', `/${name}?policy`, { body })
  if (status !== 204) throw new Error(`the policy of ${name}: ${status}`)
  return name
}

await t.test('of a bucket of which nothing is said nobody else may do anything', async (t) => {
  const name = await bucket('plain')
  t.ok(ASKED.length > 60, `${ASKED.length} operations`)
  for (const operation of ASKED) {
    for (const who of [undefined, 'test2:tester2', 'test:tester3']) {
      const answer = await ask(operation, name, who)
      t.ok(isDenied(answer), `${operation.name} by ${who}: ${answer.status} ${elementIn(answer, 'Code')}`)
    }
  }
  t.equal((await s3('GET', `/${name}/key`)).body, 'text')
})

await t.test('what a policy denies is denied to its owners, but for the policy', async (t) => {
  const name = await bucket('denied', { Effect: 'Deny' })
  for (const operation of ASKED) {
    if (OF_OWNERS.has(operation.name)) continue
    const answer = await ask(operation, name, 'test:tester')
    t.ok(isDenied(answer), `${operation.name}: ${answer.status} ${elementIn(answer, 'Code')}`)
  }
  t.equal((await s3('GET', `/${name}?policy`)).status, 200)
})

await t.test('what a policy allows is allowed to whom it names', async (t) => {
  const allowed = { Effect: 'Allow', Principal: { AWS: 'test2:tester2' } }
  for (const [at, operation] of ASKED.entries()) {
    const name = await bucket(`allowed-${at}`, allowed)
    const answer = await ask(operation, name, 'test2:tester2')
    t.notOk(isDenied(answer), `${operation.name}: ${answer.status} ${elementIn(answer, 'Code')}`)
    t.ok(isDenied(await ask(operation, name, 'test:tester3', 'other')), `${operation.name} by another`)
  }
})
