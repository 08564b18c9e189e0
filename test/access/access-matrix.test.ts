/**
 * One truth about access. Goal: whatever notation says who may do what with a bucket, both doors give the same answer to
 * every action of everybody, and it is the answer that `notations.ts` says. Method: for each notation a bucket of its own in
 * a cluster in memory; everybody tries everything through both doors.
 */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { ACTION_NAMES, type ActionName, type Door, isAllowed } from './actions.ts'
import { type BothDoors, bothDoors } from './both-doors.ts'
import { NOTATIONS, type Notation, PLAIN } from './notations.ts'
import { doorsOf, EVERYBODY, type Person } from './people.ts'

t.setTimeout(600_000)

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
  const unblocked = {
    method: 'DELETE',
    target: '/v20180820/configuration/publicAccessBlock',
    headers: { 'x-amz-account-id': 'test' },
  }
  await expectSuccess(doors.s3('admin', unblocked))
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

/** One question of the matrix: who, through which door; what was allowed, and what should be. */
interface Answer {
  readonly question: string
  readonly allowed: string
  readonly expected: string
}

async function answersTo(doors: BothDoors, notation: Notation): Promise<readonly Answer[]> {
  const setting = { doors, notation, bucket: await setUp(doors, notation) }
  const answers: Answer[] = []
  for (const who of EVERYBODY) {
    for (const door of doorsOf(who)) {
      const allowed = await allowedTo(setting, { who, door })
      answers.push({ question: `${who}, ${door}`, allowed, expected: expected(notation, who) })
    }
  }
  return [...answers, ...(await answersToSessions(setting)), await answerToSignatures(setting)]
}

/** Temporary credentials may what their user may, within their limits. */
async function answersToSessions(setting: Setting): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (const who of ['admin', 'stranger'] as const) {
    const ofUser = expected(setting.notation, who).split(' ')
    const limited = WITHIN_LIMITS.filter((action) => ofUser.includes(action)).join(' ')
    const allowed = await allowedTo(setting, { who, door: 's3', session: LIMITED })
    answers.push({ question: `temporary credentials, ${who}`, allowed, expected: limited })
  }
  return answers
}

/** A signed address of Swift's may what an owner of the account may whom nothing names, one thing at a time. */
async function answerToSignatures({ doors, notation, bucket }: Setting): Promise<Answer> {
  const ofOwner = expected(notation, 'operator').split(' ')
  const allowed: string[] = []
  for (const [method, action] of SIGNED) {
    const status = await bySignature(doors, method, bucket)
    if (status !== 401 && status !== 403) allowed.push(action)
  }
  const wanted = SIGNED.map(([, action]) => action).filter((action) => ofOwner.includes(action))
  return { question: 'signed addresses', allowed: allowed.join(' '), expected: wanted.join(' ') }
}

const SIGNED = [
  ['GET', 'GetObject'],
  ['PUT', 'PutObject'],
  ['DELETE', 'DeleteObject'],
] as const

async function bySignature(doors: BothDoors, method: string, bucket: string): Promise<number> {
  const path = `/v1/AUTH_test/${bucket}/key`
  const signature = createHmac('sha256', TEMP_URL_KEY).update(`${method}\n${EXPIRES}\n${path}`).digest('hex')
  const target = `/AUTH_test/${bucket}/key?temp_url_sig=${signature}&temp_url_expires=${EXPIRES}`
  const body = method === 'PUT' ? { body: '' } : {}
  return (await doors.swift('anonymous', { method, target, ...body })).status
}

// Asked before the tests, because what a test runner does at every await would take most of the time.
const doors = await bothDoors()
const matrix = new Map<string, readonly Answer[]>()
for (const notation of NOTATIONS) matrix.set(notation.what, await answersTo(doors, notation))
await doors.close()

for (const [what, answers] of matrix) {
  t.test(`everybody, everything, through both doors: ${what}`, (t) => {
    for (const { question, allowed, expected: wanted } of answers) t.equal(allowed, wanted, question)
    t.end()
  })
}

t.test('every notation has a name of its own', (t) => {
  t.equal(matrix.size, NOTATIONS.length)
  t.end()
})
