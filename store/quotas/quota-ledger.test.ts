import fc from 'fast-check'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import type { OperationContext } from '#store/operation.ts'
import { type Claim, type Grant, QuotaLedger, RESERVATION_LIVES_MS } from './quota-ledger.ts'
import type { ScopedLimits } from './quota-limits.ts'
import type { AccountUsage, Usage, UsageReader } from './quota-usage.ts'

const CONTEXT: OperationContext = { txId: 'tx', signal: undefined, log: silentLogger }

/** Storage whose figures a test sets. */
class Figures implements Pick<UsageReader, 'ofContainer' | 'ofAccount'> {
  container: Usage | undefined = { bytes: 0, count: 0 }
  account: AccountUsage | undefined = { bytes: 0, count: 0, policy: { bytes: 0, count: 0 } }
  reads = 0
  lately: readonly string[] = []

  async ofContainer(): Promise<Usage | undefined> {
    this.reads += 1
    return this.container
  }

  async ofAccount(
    _context: OperationContext,
    _name: unknown,
    { lately }: { readonly lately: readonly string[] },
  ): Promise<AccountUsage | undefined> {
    this.lately = lately
    return this.account
  }
}

interface Desk {
  readonly clock: VirtualClock
  readonly figures: Figures
  readonly ledger: QuotaLedger
}

function desk(): Desk {
  const clock = new VirtualClock()
  const figures = new Figures()
  const usage = figures as unknown as UsageReader
  const ledger = new QuotaLedger({ clock, random: new SeededRandom(1), usage, context: CONTEXT })
  return { clock, figures, ledger }
}

function claimOf(bytes: number, limits: ScopedLimits, mostBytes = bytes): Claim {
  return { account: 'a', container: 'c', policyIndex: 0, limits, leastBytes: bytes, mostBytes }
}

const BYTES_100: ScopedLimits = { container: { bytes: 100 } }

async function granted(claiming: Promise<Grant | undefined>): Promise<Extract<Grant, { kind: 'granted' }>> {
  const grant = await claiming
  if (grant?.kind !== 'granted') throw new Error('refused')
  return grant
}

t.test('what is reserved is not there for others, and what was not used is again', async (t) => {
  const { ledger } = desk()
  const first = await granted(ledger.claim(claimOf(60, BYTES_100)))
  t.same(await ledger.claim(claimOf(50, BYTES_100)), { kind: 'refused', scope: 'container' })
  t.equal((await ledger.claim(claimOf(40, BYTES_100))).kind, 'granted')
  ledger.settle(first.id, undefined)
  t.equal((await ledger.claim(claimOf(60, BYTES_100))).kind, 'granted')
})

t.test(
  'before somebody is refused the figures are read anew, so that what was deleted is free at once',
  async (t) => {
    const { ledger, figures, clock } = desk()
    const { id } = await granted(ledger.claim(claimOf(100, BYTES_100)))
    ledger.settle(id, 100)
    figures.container = { bytes: 100, count: 1 }
    await clock.advance(200)
    t.equal((await ledger.claim(claimOf(1, BYTES_100))).kind, 'refused')
    const reads = figures.reads
    t.equal((await ledger.claim(claimOf(1, BYTES_100))).kind, 'refused')
    t.equal(figures.reads, reads, 'who asks again at once costs nothing')
    figures.container = { bytes: 0, count: 0 }
    await clock.advance(200)
    t.equal((await ledger.claim(claimOf(100, BYTES_100))).kind, 'granted')
  },
)

t.test('bytes and objects have limits of their own, and the smallest room counts', async (t) => {
  const { ledger } = desk()
  const limits: ScopedLimits = {
    container: { bytes: 100 },
    account: { bytes: 30, count: 2 },
    policy: { count: 9 },
  }
  const first = await granted(ledger.claim(claimOf(0, limits, 1000)))
  t.equal(first.bytes, 30)
  ledger.settle(first.id, 10)
  t.equal((await granted(ledger.claim(claimOf(5, limits)))).bytes, 5)
  t.same(await ledger.claim(claimOf(0, limits)), { kind: 'refused', scope: 'account' })
})

t.test('an upload that grows takes what is left, and no more', async (t) => {
  const { ledger } = desk()
  const flowing = await granted(ledger.claim(claimOf(0, BYTES_100, 40)))
  t.equal((await granted(ledger.grow(flowing.id, 1, 40))).bytes, 40)
  t.equal((await granted(ledger.grow(flowing.id, 1, 40))).bytes, 20)
  t.same(await ledger.grow(flowing.id, 1, 40), { kind: 'refused', scope: 'container' })
  t.equal(await ledger.grow('another', 1, 40), undefined)
})

t.test('a reservation nobody speaks for is given up', async (t) => {
  const { ledger, clock } = desk()
  const [dead, alive] = [
    await granted(ledger.claim(claimOf(60, BYTES_100))),
    await granted(ledger.claim(claimOf(40, BYTES_100))),
  ]
  await clock.advance(RESERVATION_LIVES_MS - 1000)
  ledger.keep(alive.id)
  await clock.advance(20_000)
  t.equal((await ledger.claim(claimOf(61, BYTES_100))).kind, 'refused')
  t.equal((await ledger.claim(claimOf(60, BYTES_100))).kind, 'granted')
  t.equal(await ledger.grow(dead.id, 1, 1), undefined)
})

t.test('where nobody can tell what is used, nobody is held up', async (t) => {
  const { ledger, figures } = desk()
  figures.container = undefined
  t.equal((await ledger.claim(claimOf(100, BYTES_100))).kind, 'granted')
  t.equal((await ledger.claim(claimOf(1, BYTES_100))).kind, 'refused', 'except by what is known here')
})

t.test('an account’s containers that were written to are asked themselves', async (t) => {
  const { ledger, figures, clock } = desk()
  const limits: ScopedLimits = { account: { bytes: 10 } }
  const { id } = await granted(ledger.claim(claimOf(10, limits)))
  ledger.settle(id, 10)
  await clock.advance(200)
  await ledger.claim(claimOf(1, limits))
  t.same(figures.lately, ['c'])
})

t.test('whatever uploads come, go and fail, what is stored stays within the quota', async (t) => {
  const LIMIT = 50
  const upload = fc.record({
    bytes: fc.integer({ min: 0, max: 30 }),
    ends: fc.constantFrom('stored', 'failed', 'never'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(upload, { maxLength: 40 }), fc.integer(), async (uploads, seed) => {
      const { ledger, figures, clock } = desk()
      const random = new SeededRandom(seed)
      let stored = 0
      await Promise.all(
        uploads.map(async ({ bytes, ends }) => {
          for (let turns = random.below(5); turns > 0; turns -= 1) await Promise.resolve()
          const grant = await ledger.claim(claimOf(bytes, { container: { bytes: LIMIT } }))
          if (grant.kind === 'refused') return
          for (let turns = random.below(5); turns > 0; turns -= 1) await Promise.resolve()
          if (ends === 'never') return
          if (ends === 'stored') {
            stored += bytes
            figures.container = { bytes: stored, count: 0 }
          }
          await clock.advance(random.below(100))
          ledger.settle(grant.id, ends === 'stored' ? bytes : undefined)
        }),
      )
      return stored <= LIMIT
    }),
    { numRuns: 100 },
  )
  t.pass()
})
