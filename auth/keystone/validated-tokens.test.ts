/** Goal: a validation is believed for the stated time and no longer, whatever becomes of Keystone. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { tokenOf } from '../testing/fake-keystone.ts'
import type { TokenValidator, Validation } from './keystone-client.ts'
import { ValidatedTokens } from './validated-tokens.ts'

const CACHE_MS = 60_000
const VALID: Validation = { kind: 'valid', token: tokenOf() }
const DOWN: Validation = { kind: 'unavailable', reason: 'CONNECT_FAILED' }

class Answers implements TokenValidator {
  answer: Validation | Promise<Validation> = VALID
  asked = 0

  async validate(): Promise<Validation> {
    this.asked += 1
    return await this.answer
  }
}

function setUp(): { clock: VirtualClock; keystone: Answers; tokens: ValidatedTokens; metrics: Metrics } {
  const clock = new VirtualClock()
  const keystone = new Answers()
  const metrics = new Metrics()
  const tokens = new ValidatedTokens({
    clock,
    log: silentLogger,
    metrics,
    validator: keystone,
    cacheMs: CACHE_MS,
  })
  return { clock, keystone, tokens, metrics }
}

t.test('Keystone is asked once per token and minute', async (t) => {
  const { clock, keystone, tokens, metrics } = setUp()
  for (let times = 0; times < 5; times += 1) t.equal((await tokens.validate('one', 'refused')).kind, 'valid')
  t.equal(keystone.asked, 1)
  await clock.advance(CACHE_MS)
  await tokens.validate('one', 'refused')
  t.equal(keystone.asked, 2)
  t.match((await metrics.render()).text, /martlet_keystone_validations_total\{outcome="remembered"\} 4/)
})

t.test('a revoked token is good for as long as its validation is believed, and no longer', async (t) => {
  const { clock, keystone, tokens } = setUp()
  await tokens.validate('one', 'refused')
  keystone.answer = { kind: 'invalid' }
  await clock.advance(CACHE_MS - 1)
  t.equal((await tokens.validate('one', 'refused')).kind, 'valid')
  await clock.advance(1)
  t.equal((await tokens.validate('one', 'refused')).kind, 'invalid')
})

t.test('while Keystone is down nothing is believed beyond its time', async (t) => {
  const { clock, keystone, tokens } = setUp()
  await tokens.validate('one', 'refused')
  keystone.answer = DOWN
  t.equal((await tokens.validate('one', 'refused')).kind, 'valid')
  t.equal((await tokens.validate('another', 'refused')).kind, 'unavailable')
  await clock.advance(CACHE_MS)
  t.equal((await tokens.validate('one', 'refused')).kind, 'unavailable')
  keystone.answer = VALID
  t.equal((await tokens.validate('one', 'refused')).kind, 'valid', 'and that it was down is not remembered')
})

t.test('a slow answer is believed from when it was asked for', async (t) => {
  const { clock, keystone, tokens } = setUp()
  const slow = Promise.withResolvers<Validation>()
  keystone.answer = slow.promise
  const asked = tokens.validate('one', 'refused')
  await clock.advance(4_000)
  slow.resolve(VALID)
  await asked
  await clock.advance(CACHE_MS - 4_000)
  await tokens.validate('one', 'refused')
  t.equal(keystone.asked, 2)
})

t.test('the expiry of a token ends it within its minute', async (t) => {
  const { clock, keystone, tokens } = setUp()
  keystone.answer = { kind: 'valid', token: tokenOf({ expiresAtMs: clock.wallMs() + 10_000 }) }
  t.equal((await tokens.validate('one', 'refused')).kind, 'valid')
  await clock.advance(10_000)
  t.equal((await tokens.validate('one', 'refused')).kind, 'invalid')
  t.equal((await tokens.validate('one', 'accepted')).kind, 'valid', 'a service may go on with it')
})

t.test('a refused token is refused for some seconds without asking', async (t) => {
  const { clock, keystone, tokens } = setUp()
  keystone.answer = { kind: 'invalid' }
  await tokens.validate('bad', 'refused')
  await tokens.validate('bad', 'refused')
  t.equal(keystone.asked, 1)
  await clock.advance(10_000)
  keystone.answer = VALID
  t.equal((await tokens.validate('bad', 'refused')).kind, 'valid')
})

t.test('those who bring the same token at once share one question', async (t) => {
  const { keystone, tokens } = setUp()
  await Promise.all(Array.from({ length: 20 }, () => tokens.validate('one', 'refused')))
  t.equal(keystone.asked, 1)
})

t.test('a Keystone that hangs holds a bounded number of requests', async (t) => {
  const { keystone, tokens } = setUp()
  const hang = Promise.withResolvers<Validation>()
  keystone.answer = hang.promise
  const waiting = Array.from({ length: 600 }, (_, at) =>
    tokens.validate(`token ${at}`.replace(' ', '-'), 'refused'),
  )
  t.match(await waiting.at(-1), { kind: 'unavailable' })
  t.equal(keystone.asked, 512)
  hang.resolve(DOWN)
  await Promise.all(waiting)
})

t.test('what cannot be a token is not shown to Keystone', async (t) => {
  const { keystone, tokens } = setUp()
  for (const token of ['', 'with blank', 'with\r\nx-evil: 1', 'é', 'x'.repeat(8193)]) {
    t.equal((await tokens.validate(token, 'refused')).kind, 'invalid', JSON.stringify(token.slice(0, 20)))
  }
  t.equal(keystone.asked, 0)
})
