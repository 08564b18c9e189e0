/**
 * Goal: a proxy that dies while it makes or deletes a bucket leaves neither a name that nobody can have nor a bucket that
 * nobody can reach. Method: both operations are cut off before every one of their steps; then other proxies look.
 *
 * - The owner makes the bucket again, uses it and deletes it, whatever was left.
 * - What is there for its owner under the name is there for nobody else, and the name is free for others once it is gone.
 */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { SWEEP_AGE_MS } from '#proxy/s3/buckets/bucket-records.ts'
import { elementIn, type S3Door, s3Door } from '#proxy/testing/s3-door.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { dyingAt } from './dying-store.ts'

const OTHER = 'test2:tester2'
/** More steps than either operation has. */
const STEPS_MAX = 30

/** A proxy over the same store whose process dies before a step. */
function dyingDoor({ store }: S3Door, step: number): S3Door {
  const core = dyingAt(store, step)
  return s3Door({}, { store: core, records: new ClusterRecords({ store: core, clock: realClock }) })
}

/** One that looks at the same store later. */
function laterDoor({ store }: S3Door, aheadMs: number): S3Door {
  const clock: typeof realClock = {
    wallMs: () => realClock.wallMs() + aheadMs,
    monotonicMs: () => realClock.monotonicMs(),
    setTimer: (delayMs, callback) => realClock.setTimer(delayMs, callback),
    sleep: (delayMs, signal) => realClock.sleep(delayMs, signal),
  }
  const { environment } = s3Door().deps
  const records = new ClusterRecords({ store, clock })
  return s3Door({}, { store, records, environment: { ...environment, clock } })
}

/** Cuts the operation off before each of its steps in turn, and says how many it had. */
async function atEveryStep(
  t: Test,
  prepare: (door: S3Door) => Promise<unknown>,
  run: (door: S3Door) => Promise<{ readonly status: number }>,
  check: (t: Test, door: S3Door) => Promise<void>,
): Promise<void> {
  for (let step = 1; step <= STEPS_MAX; step += 1) {
    const door = s3Door()
    await prepare(door)
    const { status } = await run(dyingDoor(door, step))
    await t.test(`before step ${step}`, (t) => check(t, laterDoor(door, 0)))
    if (status < 500) {
      t.ok(step > 2, 'it had several steps')
      return
    }
  }
  t.fail('the operation does not come to its end')
}

async function ownerCanGoOn(t: Test, door: S3Door): Promise<void> {
  const seen = (await door.s3('HEAD', '/box')).status
  t.ok([200, 404].includes(seen), `the owner sees ${seen}`)
  t.equal((await door.s3('PUT', '/box')).status, 200)
  t.equal((await door.s3('PUT', '/box/key', { body: 'x' })).status, 200)
  t.equal(elementIn(await door.s3As(OTHER, 'PUT', '/box'), 'Code'), 'BucketAlreadyExists')
  t.equal(elementIn(await door.s3As(OTHER, 'GET', '/box/key'), 'Code'), 'AccessDenied')
  t.equal((await door.s3('DELETE', '/box/key')).status, 204)
  t.equal((await door.s3('DELETE', '/box')).status, 204)
  t.equal((await door.s3As(OTHER, 'PUT', '/box')).status, 200, 'the name is free')
}

async function othersCanHaveTheName(t: Test, door: S3Door): Promise<void> {
  const isThere = (await door.s3('HEAD', '/box')).status === 200
  if (isThere) t.equal((await door.s3('DELETE', '/box')).status, 204)
  const later = laterDoor(door, SWEEP_AGE_MS)
  t.equal((await later.s3As(OTHER, 'PUT', '/box')).status, 200)
  t.equal((await later.s3As(OTHER, 'PUT', '/box/key', { body: 'x' })).status, 200)
}

const create = (door: S3Door): ReturnType<S3Door['s3']> => door.s3('PUT', '/box')
const remove = (door: S3Door): ReturnType<S3Door['s3']> => door.s3('DELETE', '/box')

t.test('a creation that is cut off', async (t) => {
  await t.test('is gone on with', (t) => atEveryStep(t, async () => {}, create, ownerCanGoOn))
  await t.test('keeps the name from nobody', (t) =>
    atEveryStep(t, async () => {}, create, othersCanHaveTheName),
  )
})

t.test('a deletion that is cut off', async (t) => {
  await t.test('is gone on with', (t) => atEveryStep(t, create, remove, ownerCanGoOn))
  await t.test('keeps the name from nobody', (t) => atEveryStep(t, create, remove, othersCanHaveTheName))
})
