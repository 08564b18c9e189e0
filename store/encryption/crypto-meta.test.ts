/** The written form, held against what Swift's own code writes (recorded with its 2.30), and what is read back. */
import fc from 'fast-check'
import t from 'tap'
import {
  appendCryptoMeta,
  readCryptoMeta,
  readKeyId,
  splitCryptoMeta,
  writeCryptoMeta,
  writeKeyId,
} from './crypto-meta.ts'

const IV = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const KEY = Buffer.alloc(32, 0xff)
const KEY_ID = { path: '/a/c/o Ã©', secret_id: 'two', v: '2' }

t.test('it is written byte for byte as Swift writes it', async (t) => {
  t.equal(
    writeCryptoMeta({ iv: IV, keyId: KEY_ID, bodyKey: { key: KEY, iv: IV } }),
    '%7B%22body_key%22%3A+%7B%22iv%22%3A+%22AAECAwQFBgcICQoLDA0ODw%3D%3D%22%2C+%22key%22%3A+%22' +
      '%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F8%3D%22%7D%2C' +
      '+%22cipher%22%3A+%22AES_CTR_256%22%2C+%22iv%22%3A+%22AAECAwQFBgcICQoLDA0ODw%3D%3D%22%2C+%22key_id%22%3A+%7B%22path%22%3A+' +
      '%22%2Fa%2Fc%2Fo+%5Cu00c3%5Cu00a9%22%2C+%22secret_id%22%3A+%22two%22%2C+%22v%22%3A+%222%22%7D%7D',
  )
  t.equal(
    writeKeyId({ v: '2', path: '/a/c/o' }),
    '%7B%22cipher%22%3A+%22AES_CTR_256%22%2C+%22key_id%22%3A+%7B%22path%22%3A+%22%2Fa%2Fc%2Fo%22%2C+%22v%22%3A+%222%22%7D%7D',
  )
})

t.test('what was written is read', async (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.string({ unit: 'grapheme' }),
      (iv, key, path) => {
        const meta = {
          iv: Buffer.from(iv),
          keyId: { path, v: '3' },
          bodyKey: { key: Buffer.from(key), iv: Buffer.from(iv) },
        }
        t.same(readCryptoMeta(writeCryptoMeta(meta)), meta)
        t.same(readKeyId(writeKeyId(meta.keyId)), meta.keyId)
        t.same(splitCryptoMeta(appendCryptoMeta('dmFsdWU=', meta)), { value: 'dmFsdWU=', meta })
      },
    ),
    { numRuns: 20 },
  )
})

t.test('what is not of this form is not read, whatever it is', async (t) => {
  const whole = JSON.parse(
    decodeURIComponent(writeCryptoMeta({ iv: IV, keyId: KEY_ID }).replaceAll('+', ' ')),
  ) as object
  for (const change of [
    { cipher: 'ROT13' },
    { iv: 'AAEC' },
    { iv: 7 },
    { key_id: 'path' },
    { key_id: { v: 2 } },
    { body_key: {} },
    { body_key: { iv: IV.toString('base64'), key: 'AAEC' } },
  ]) {
    t.equal(readCryptoMeta(encodeURIComponent(JSON.stringify({ ...whole, ...change }))), undefined)
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      readCryptoMeta(text)
      readKeyId(text)
      splitCryptoMeta(text)
      splitCryptoMeta(`x; swift_meta=${text}`)
    }),
  )
  t.same(splitCryptoMeta('plain; slo_etag=x'), { value: 'plain; slo_etag=x', meta: undefined })
  t.equal(splitCryptoMeta('x; swift_meta=%7B').meta, 'unreadable')
})
