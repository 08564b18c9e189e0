import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  hmacOfLines,
  parseSignature,
  SIGNATURE_DIGESTS,
  type SignatureDigest,
  sameInConstantTime,
} from './request-signature.ts'

const digest = fc.constantFrom<SignatureDigest>(...SIGNATURE_DIGESTS)

t.test('every way of writing a signature is read as the same', async () => {
  fc.assert(
    fc.property(digest, fc.uint8Array({ minLength: 1, maxLength: 40 }), (name, bytes) => {
      const made = createHmac(name, bytes).update('text')
      const raw = made.digest()
      const expected = { digest: name, hex: raw.toString('hex') }
      const forms = [
        raw.toString('hex'),
        `${name}:${raw.toString('base64')}`,
        `${name}:${raw.toString('base64url')}`,
      ]
      return forms.every((form) => {
        const read = parseSignature(form, SIGNATURE_DIGESTS)
        return read?.digest === expected.digest && read.hex === expected.hex
      })
    }),
  )
})

t.test('what is no signature, or by a digest that is not allowed, is none', async (t) => {
  for (const bad of [
    '',
    'ab',
    'g'.repeat(40),
    'md5:AAAA',
    'sha256:',
    'sha256:=',
    'sha256:a b',
    'sha256:a+b_',
    ':AAAA',
  ]) {
    t.equal(parseSignature(bad, SIGNATURE_DIGESTS), undefined, JSON.stringify(bad))
  }
  t.equal(parseSignature('a'.repeat(40), ['sha256']), undefined)
  t.equal(parseSignature('sha1:AAAA', ['sha256']), undefined)
})

t.test('lines are signed as bytes of UTF-8', async (t) => {
  const key = Buffer.from('k')
  t.equal(
    hmacOfLines('sha1', key, ['a', '\u00fc']),
    createHmac('sha1', key).update('a\n\u00fc', 'utf8').digest('hex'),
  )
})

t.test('texts are the same or not, whatever their length', async () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => sameInConstantTime(one, other) === (one === other)),
  )
})
