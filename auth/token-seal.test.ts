import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { Clock } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { type KeyRing, keyRingOf } from './key-ring.ts'
import type { Principal } from './principal.ts'
import { TokenSeal, type TokenSealOptions } from './token-seal.ts'

const TESTER: Principal = {
  user: 'test:tester',
  tenant: 'test',
  groups: ['test', 'test:tester', 'AUTH_test'],
}
const LIFE_SECONDS = 3600
const KEYS = keyRingOf([{ id: 7, secret: 'first secret' }])

/** A clock that stands still until `advance` is called. */
function standingClock(): Clock & { advance: (seconds: number) => void } {
  let nowMs = 1_800_000_000_000
  return { ...realClock, wallMs: () => nowMs, advance: (seconds) => (nowMs += seconds * 1000) }
}

function sealWith(options: Partial<TokenSealOptions> = {}): TokenSeal {
  return new TokenSeal({
    clock: standingClock(),
    random: { bytes: randomBytes, below: () => 0 },
    keys: KEYS,
    resellerPrefix: 'AUTH_',
    lifeSeconds: LIFE_SECONDS,
    generationOf: () => 0,
    ...options,
  })
}

t.test('a token says whose it is, to every process that has the keys', (t) => {
  const { token, expiresInSeconds } = sealWith().issue(TESTER)
  t.match(token, /^AUTH_tk[A-Za-z0-9_-]+$/, 'looks like a Swift token and is safe in a URL')
  t.equal(expiresInSeconds, LIFE_SECONDS)
  const opened = sealWith().open(token)
  t.match(opened, { kind: 'valid', principal: TESTER, expiresAtSeconds: 1_800_000_000 + LIFE_SECONDS })
  t.end()
})

t.test('two tokens of one user differ', (t) => {
  const seal = sealWith()
  t.not(seal.issue(TESTER).token, seal.issue(TESTER).token)
  t.end()
})

t.test('a token expires, also when it is remembered', (t) => {
  const clock = standingClock()
  const seal = sealWith({ clock })
  const { token } = seal.issue(TESTER)
  clock.advance(LIFE_SECONDS - 1)
  t.equal(seal.open(token).kind, 'valid')
  clock.advance(1)
  t.strictSame(seal.open(token), { kind: 'refused', why: 'expired' })
  t.strictSame(
    sealWith({ clock }).open(token),
    { kind: 'refused', why: 'expired' },
    'to a new process as well',
  )
  t.end()
})

t.test('raising the generation of a user revokes the tokens before it, also remembered ones', (t) => {
  let generation = 3
  const seal = sealWith({ generationOf: () => generation })
  const before = seal.issue(TESTER).token
  t.equal(seal.open(before).kind, 'valid')
  generation = 4
  t.strictSame(seal.open(before), { kind: 'refused', why: 'revoked' })
  t.equal(seal.open(seal.issue(TESTER).token).kind, 'valid', 'a new token is good')
  t.end()
})

t.test('the token of a user that is gone is refused', (t) => {
  let generation: number | undefined = 0
  const seal = sealWith({ generationOf: () => generation })
  const { token } = seal.issue(TESTER)
  generation = undefined
  t.strictSame(seal.open(token), { kind: 'refused', why: 'revoked' })
  t.end()
})

t.test('keys rotate: tokens under an old key are good until the key is taken away', (t) => {
  const { token } = sealWith().issue(TESTER)
  const rotated = keyRingOf([
    { id: 8, secret: 'second secret' },
    { id: 7, secret: 'first secret' },
  ])
  const seal = sealWith({ keys: rotated })
  t.equal(seal.open(token).kind, 'valid')
  t.equal(sealWith({ keys: keyRingOf([{ id: 8, secret: 'second secret' }]) }).open(token).kind, 'refused')
  t.equal(seal.open(seal.issue(TESTER).token).kind, 'valid', 'new ones are sealed under the new key')
  t.end()
})

t.test('another key of the same id opens nothing', (t) => {
  const { token } = sealWith().issue(TESTER)
  const other: KeyRing = keyRingOf([{ id: 7, secret: 'another secret' }])
  t.strictSame(sealWith({ keys: other }).open(token), { kind: 'refused', why: 'not_a_token' })
  t.end()
})

t.test('a token of another reseller prefix is none', (t) => {
  const { token } = sealWith({ resellerPrefix: 'OTHER_' }).issue(TESTER)
  t.equal(sealWith().open(token).kind, 'refused')
  t.equal(sealWith().open(token.replace('OTHER_', 'AUTH_')).kind, 'refused', 'nor when its prefix is changed')
  t.end()
})

t.test('whatever is changed in a token, it is refused', (t) => {
  const seal = sealWith()
  const { token } = seal.issue(TESTER)
  const bytes = Buffer.from(token.slice('AUTH_tk'.length), 'base64url')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ flip
      return seal.open(`AUTH_tk${changed.toString('base64url')}`).kind === 'refused'
    }),
  )
  fc.assert(
    fc.property(fc.nat(token.length - 1), (length) => seal.open(token.slice(0, length)).kind === 'refused'),
  )
  t.end()
})

t.test('any text at all is refused without an exception', (t) => {
  const seal = sealWith()
  fc.assert(fc.property(fc.string(), (text) => seal.open(`AUTH_tk${text}`).kind === 'refused'))
  fc.assert(fc.property(fc.base64String(), (text) => seal.open(`AUTH_tk${text}`).kind === 'refused'))
  t.equal(seal.open(`AUTH_tk${'A'.repeat(100_000)}`).kind, 'refused')
  t.end()
})

t.test('names beyond ASCII come back as they were', (t) => {
  const seal = sealWith()
  const principal: Principal = { user: 'größe:日本', tenant: 'größe', groups: ['größe', '"quoted",'] }
  t.match(sealWith().open(seal.issue(principal).token), { kind: 'valid', principal })
  t.end()
})

t.test('more tokens than are remembered are still good', (t) => {
  const seal = sealWith()
  const { token } = seal.issue(TESTER)
  seal.open(token)
  for (let count = 0; count < 5000; count += 1) seal.open(seal.issue(TESTER).token)
  t.equal(seal.open(token).kind, 'valid')
  t.end()
})

t.test('a key ring must have keys, with ids of one byte, each once', (t) => {
  t.throws(() => keyRingOf([]), RangeError)
  t.throws(() => keyRingOf([{ id: 256, secret: 'x' }]), RangeError)
  t.throws(
    () =>
      keyRingOf([
        { id: 1, secret: 'x' },
        { id: 1, secret: 'y' },
      ]),
    RangeError,
  )
  t.end()
})
