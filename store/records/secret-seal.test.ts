import { randomBytes, randomInt } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { keyRingOf } from '#auth/key-ring.ts'
import { SecretSeal } from './secret-seal.ts'

const RANDOM = { bytes: randomBytes, below: (limit: number) => randomInt(limit) }
const OLD = { id: 0, secret: 'an older secret' }
const NEW = { id: 1, secret: 'a newer secret' }

function sealUnder(...secrets: readonly { readonly id: number; readonly secret: string }[]): SecretSeal {
  return new SecretSeal(keyRingOf(secrets, 'martlet record seal v1'), RANDOM)
}

t.test('any text comes back, for its own purpose only', async (t) => {
  const seal = sealUnder(NEW)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (secret, purpose) => {
      const sealed = seal.seal(secret, purpose)
      return seal.open(sealed, purpose) === secret && seal.open(sealed, `${purpose}!`) === undefined
    }),
    { numRuns: 50 },
  )
  t.not(seal.seal('same', 'x'), seal.seal('same', 'x'), 'two seals of one secret do not look alike')
})

t.test('nothing that was changed, cut or made up is opened', async (t) => {
  const seal = sealUnder(NEW)
  const sealed = Buffer.from(seal.seal('secret', 'x'), 'base64url')
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] as number) ^ 1
    t.equal(seal.open(changed.toString('base64url'), 'x'), undefined, `byte ${at} changed`)
  }
  for (const text of ['', 'AQ', 'no seal', sealed.subarray(0, -1).toString('base64url')]) {
    t.equal(seal.open(text, 'x'), undefined)
  }
})

t.test('keys rotate: the first seals, the others open, and one that was taken away does not', async (t) => {
  const before = sealUnder(OLD)
  const during = sealUnder(NEW, OLD)
  const after = sealUnder(NEW)
  const sealed = before.seal('secret', 'x')
  t.equal(during.open(sealed, 'x'), 'secret')
  t.notOk(during.isCurrent(sealed))
  const again = during.seal('secret', 'x')
  t.ok(during.isCurrent(again))
  t.equal(after.open(again, 'x'), 'secret')
  t.equal(after.open(sealed, 'x'), undefined)
})

t.test('the same secret gives another key for another purpose', async (t) => {
  const forTokens = new SecretSeal(keyRingOf([NEW]), RANDOM)
  t.equal(forTokens.open(sealUnder(NEW).seal('secret', 'x'), 'x'), undefined)
})
