/** What a machine makes of a clock that is set, back or ahead, while it runs and while it is off. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { type ClockMark, ClockWatch } from './clock-watch.ts'

const WEEK = 7 * 86_400_000
const HOUR = 3_600_000

class MarkInMemory implements ClockMark {
  kept: number | undefined
  broken = false

  async load(): Promise<number | undefined> {
    return this.kept
  }

  async save(timeMs: number): Promise<void> {
    if (this.broken) throw new Error('the disk is read-only')
    this.kept = timeMs
  }
}

interface Machine {
  readonly clock: VirtualClock
  readonly mark: MarkInMemory
  /** How far other hosts are ahead of the true time. */
  others: readonly number[] | undefined
  /** How far this one is set wrong. */
  wrongByMs: number
}

function machine(): Machine {
  return { clock: new VirtualClock(), mark: new MarkInMemory(), others: undefined, wrongByMs: 0 }
}

function boot(one: Machine): Promise<ClockWatch> {
  const { clock, mark } = one
  const aheadOfUs = async (): Promise<readonly number[] | undefined> =>
    one.others?.map((ms) => ms - one.wrongByMs)
  return ClockWatch.open({ clock, mark, log: silentLogger, aheadOfUs })
}

function set(one: Machine, byMs: number): void {
  one.clock.jumpWall(byMs)
  one.wrongByMs += byMs
}

t.test('a machine that boots a week in the past dates on from where it was', async (t) => {
  const one = machine()
  const before = (await boot(one)).clock.wallMs()
  set(one, -WEEK)
  const watch = await boot(one)
  t.match(watch.standing, { kind: 'behind', byMs: WEEK })
  t.equal(watch.isInDoubt(), true)
  await one.clock.advance(HOUR)
  await watch.check()
  t.equal(watch.clock.wallMs(), before + HOUR, 'time goes on')
  set(one, WEEK)
  await watch.check()
  t.equal(watch.isInDoubt(), false)
  t.equal(watch.clock.wallMs(), one.clock.wallMs())
})

t.test('a clock that is set back while the machine runs changes nothing', async (t) => {
  const one = machine()
  const watch = await boot(one)
  await one.clock.advance(1000)
  set(one, -WEEK)
  t.equal(watch.clock.wallMs(), one.clock.wallMs() + WEEK, 'at once, before anybody has looked')
  await watch.check()
  t.equal(watch.standing.kind, 'behind')
  t.equal((await boot(one)).clock.wallMs(), one.clock.wallMs() + WEEK, 'and after a restart')
})

t.test('a machine that boots a week ahead believes it after an hour, or when others say so', async (t) => {
  const one = machine()
  await boot(one)
  set(one, WEEK)
  const kept = one.mark.kept
  const watch = await boot(one)
  t.match(watch.standing, { kind: 'leapt', byMs: WEEK })
  await one.clock.advance(HOUR / 2)
  await watch.check()
  t.equal(watch.isInDoubt(), true)
  t.ok((one.mark.kept ?? 0) <= (kept ?? 0) + HOUR, 'it is not remembered')
  await one.clock.advance(HOUR / 2)
  await watch.check()
  t.equal(watch.isInDoubt(), false)
  const other = machine()
  await boot(other)
  await other.clock.advance(WEEK)
  other.others = [0]
  t.equal((await boot(other)).isInDoubt(), false, 'it was only off')
})

t.test(
  'from the moment on at which a clock leaps nothing is given up, before anybody has looked',
  async (t) => {
    const one = machine()
    const watch = await boot(one)
    set(one, HOUR)
    t.equal(watch.isInDoubt(), false, 'a machine that slept')
    set(one, WEEK)
    t.equal(watch.isInDoubt(), true)
    set(one, -WEEK - HOUR)
    t.equal(watch.isInDoubt(), false)
  },
)

t.test('a leap waits until others have been asked', async (t) => {
  const one = machine()
  one.others = [0, 0]
  const watch = await boot(one)
  const before = watch.dating.wallMs()
  set(one, WEEK)
  await one.clock.advance(1000)
  t.equal(watch.dating.wallMs(), before + 1000, 'nothing is dated ahead')
  t.equal(watch.clock.wallMs(), one.clock.wallMs(), 'and nothing is taken for younger than it may be')
  await watch.check()
  t.match(watch.standing, { kind: 'ahead', byMs: WEEK })
  t.equal(watch.dating.wallMs(), before + 1000)
  set(one, -WEEK)
  await watch.check()
  t.equal(watch.standing.kind, 'good')
  t.equal(watch.dating.wallMs(), before + 1000)
})

t.test('a machine that slept has the time again when others confirm it', async (t) => {
  const one = machine()
  one.others = [0]
  const watch = await boot(one)
  const before = watch.dating.wallMs()
  await one.clock.advance(2_000)
  one.clock.jumpWall(WEEK)
  t.equal(watch.clock.wallMs(), before + WEEK + 2_000, 'it knows at once that it was away')
  t.equal(watch.dating.wallMs(), before + 2_000)
  await setImmediate()
  t.equal(watch.standing.kind, 'good', 'whoever wants to write has the others asked')
  t.equal(watch.dating.wallMs(), before + WEEK + 2_000)
})

t.test('a leap that nobody can confirm counts after an hour', async (t) => {
  const one = machine()
  one.others = []
  const watch = await boot(one)
  const before = watch.dating.wallMs()
  set(one, WEEK)
  await watch.check()
  t.equal(watch.standing.kind, 'leapt')
  t.equal(watch.dating.wallMs(), before)
  await one.clock.advance(HOUR)
  await watch.check()
  t.equal(watch.standing.kind, 'good')
  t.equal(watch.dating.wallMs(), one.clock.wallMs())
})

t.test('a clock that is set while others are asked is held against answers of one time', async (t) => {
  const { clock, mark } = machine()
  let wrongByMs = 0
  const aheadOfUs = async (): Promise<readonly number[]> => {
    const told = [-wrongByMs, -wrongByMs]
    if (asked === 1) {
      clock.jumpWall(WEEK)
      wrongByMs = WEEK
    }
    asked += 1
    return told
  }
  let asked = 0
  const watch = await ClockWatch.open({ clock, mark, log: silentLogger, aheadOfUs })
  await watch.check()
  t.match(watch.standing, { kind: 'ahead', byMs: WEEK })
  t.equal(asked, 3)
})

t.test('a machine a week ahead of two others is told so, and corrected loses nothing', async (t) => {
  const one = machine()
  one.others = [0, 0]
  await boot(one)
  set(one, WEEK)
  const watch = await boot(one)
  const confirmed: boolean[] = []
  watch.onCheck((verdict) => confirmed.push(verdict.confirmed))
  t.match(watch.standing, { kind: 'ahead', byMs: WEEK })
  set(one, -WEEK)
  await watch.check()
  t.equal(watch.isInDoubt(), false)
  t.same(confirmed, [true])
  t.equal(watch.clock.wallMs(), one.clock.wallMs())
})

t.test('a mark from a wrong clock counts no more when others have the time of the wall clock', async (t) => {
  const one = machine()
  set(one, WEEK)
  await boot(one)
  set(one, -WEEK)
  t.equal((await boot(one)).standing.kind, 'behind', 'alone nobody can tell')
  one.others = [0]
  const watch = await boot(one)
  t.equal(watch.standing.kind, 'good')
  t.equal(watch.clock.wallMs(), one.clock.wallMs())
  t.equal(one.mark.kept, Math.floor(one.clock.wallMs()))
})

t.test('a disk that keeps no mark stops nothing', async (t) => {
  const one = machine()
  const watch = await boot(one)
  one.mark.broken = true
  await watch.check()
  t.equal(watch.isInDoubt(), false)
})
