/**
 * One truth about access. Goal: whatever notation says who may do what with a bucket, both doors give the same answer to
 * every action of everybody, and it is the answer that `notations.ts` says. Method: for each notation a bucket of its own in
 * a cluster in memory; everybody tries everything through both doors.
 */
import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { ACTION_NAMES, type ActionName, type Door, isAllowed } from './actions.ts'
import { type BothDoors, bothDoors, PEOPLE, type Person } from './both-doors.ts'
import { NOTATIONS, type Notation, PLAIN } from './notations.ts'

const EVERYBODY = Object.keys(PEOPLE) as readonly Person[]
const TEMP_URL_KEY = 'a key of the account'
/** Seconds since 1970: long from now. */
const EXPIRES = 4_039_372_800

let made = 0

interface Setting {
  readonly doors: BothDoors
  readonly notation: Notation
  readonly bucket: string
}

async function setUp(doors: BothDoors, { steps }: Notation): Promise<string> {
  made += 1
  const bucket = `bucket-${made}`
  await expectSuccess(doors.s3('admin', { method: 'PUT', target: `/${bucket}`, body: '' }))
  await expectSuccess(doors.s3('admin', { method: 'PUT', target: `/${bucket}/key`, body: 'text' }))
  const nobody = { 'x-account-access-control': '', 'x-account-meta-temp-url-key': TEMP_URL_KEY }
  await expectSuccess(
    doors.swift('admin', { method: 'POST', target: '/AUTH_test', headers: nobody, body: '' }),
  )
  for (const { door, method, path, headers = {}, ...step } of steps) {
    const body = ('body' in step ? step.body : '').replaceAll('BUCKET', bucket)
    await expectSuccess(
      doors[door]('admin', { method, target: path.replace('BUCKET', bucket), headers, body }),
    )
  }
  return bucket
}

async function expectSuccess(answering: ReturnType<BothDoors['s3']>): Promise<void> {
  const { status, body } = await answering
  if (status >= 300) throw new Error(`${status} ${body}`)
}

interface Asking {
  readonly who: Person
  readonly door: Door
  readonly session?: string
}

/** What somebody may do there, in the order of the actions. */
async function allowedTo(
  { doors, bucket, notation }: Setting,
  { who, door, session }: Asking,
): Promise<string> {
  const allowed: ActionName[] = []
  const writeList = writeListOf(notation)
  for (const action of ACTION_NAMES) {
    made += 1
    const doing = { doors, who, bucket, fresh: `fresh-${made}`, session, writeList }
    if (await isAllowed(action, door, doing)) allowed.push(action)
  }
  return allowed.join(' ')
}

function writeListOf({ steps }: Notation): string {
  const lists = steps.map((step) => step.headers?.['x-container-write'])
  return lists.find((list) => list !== undefined) ?? ''
}

function expected({ gains, loses }: Notation, who: Person): string {
  const allowed = new Set([...PLAIN[who], ...(gains?.[who] ?? [])])
  for (const lost of loses?.[who] ?? []) allowed.delete(lost)
  return ACTION_NAMES.filter((action) => allowed.has(action)).join(' ')
}

const LIMITED = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*' }],
})
const WITHIN_LIMITS: readonly ActionName[] = ['ListBucket', 'HeadBucket', 'GetObject', 'HeadObject']

await t.test('everybody, everything, by every notation, through both doors', async (t) => {
  const doors = await bothDoors(t)
  for (const notation of NOTATIONS) {
    await t.test(notation.what, async (t) => {
      const setting = { doors, notation, bucket: await setUp(doors, notation) }
      for (const who of EVERYBODY) {
        for (const door of ['swift', 's3'] as const) {
          t.equal(await allowedTo(setting, { who, door }), expected(notation, who), `${who}, ${door}`)
        }
      }
      await checkTemporaryCredentials(t, setting)
      await checkSignedAddresses(t, setting)
    })
  }
})

/** They may what their user may, within their limits. */
async function checkTemporaryCredentials(t: Test, setting: Setting): Promise<void> {
  for (const who of ['admin', 'stranger'] as const) {
    const ofUser = expected(setting.notation, who).split(' ')
    const limited = WITHIN_LIMITS.filter((action) => ofUser.includes(action)).join(' ')
    const allowed = await allowedTo(setting, { who, door: 's3', session: LIMITED })
    t.equal(allowed, limited, `temporary credentials, ${who}`)
  }
}

/** A signed address of Swift's may what the owner may, one thing at a time. */
async function checkSignedAddresses(t: Test, { doors, notation, bucket }: Setting): Promise<void> {
  const ofOwner = expected(notation, 'admin').split(' ')
  for (const [method, action] of [
    ['GET', 'GetObject'],
    ['PUT', 'PutObject'],
    ['DELETE', 'DeleteObject'],
  ] as const) {
    const status = await bySignature(doors, method, bucket)
    t.equal(status !== 401 && status !== 403, ofOwner.includes(action), `signed address, ${method}`)
  }
}

async function bySignature(doors: BothDoors, method: string, bucket: string): Promise<number> {
  const path = `/v1/AUTH_test/${bucket}/key`
  const signature = createHmac('sha256', TEMP_URL_KEY).update(`${method}\n${EXPIRES}\n${path}`).digest('hex')
  const target = `/AUTH_test/${bucket}/key?temp_url_sig=${signature}&temp_url_expires=${EXPIRES}`
  const body = method === 'PUT' ? { body: '' } : {}
  return (await doors.swift('anonymous', { method, target, ...body })).status
}

t.test('every notation says whom it is about', (t: Test) => {
  const names = NOTATIONS.map(({ what }) => what)
  t.equal(new Set(names).size, names.length)
  t.end()
})
