import fc from 'fast-check'
import t from 'tap'
import { compareUtf8, decodePercent, encodedPathOf, hashName, pathOf } from './names.ts'

const name = fc.string({ unit: 'grapheme', minLength: 1 })

void t.test('a path is the names with slashes between', async (t) => {
  t.equal(pathOf({ account: 'a' }), '/a')
  t.equal(pathOf({ account: 'a', container: 'c' }), '/a/c')
  t.equal(pathOf({ account: 'a', container: 'c', object: 'o/p' }), '/a/c/o/p')
})

void t.test('hashes are those of swift.common.utils.hash_path', async (t) => {
  const salt = { prefix: 'pre', suffix: 'changeme' }
  // python3 -c "from swift.common import utils as u; u.HASH_PATH_PREFIX, u.HASH_PATH_SUFFIX = b'pre', b'changeme'; print(u.hash_path(…))"
  t.equal(hashName({ account: 'AUTH_test' }, salt), '4f1718a9be5a67a9b51f69eecb2dd359')
  t.equal(hashName({ account: 'AUTH_test', container: 'c' }, salt), 'ef7b44fef9ead46d6f5b391d1c8125c5')
  t.equal(
    hashName({ account: 'AUTH_test', container: 'c', object: 'grün/€' }, salt),
    '660f3da30c76b3755171426f9a24dcc9',
  )
})

void t.test('an encoded path is ASCII and decodes to the names', async (t) => {
  fc.assert(
    fc.property(name, name, name, (account, container, object) => {
      const path = encodedPathOf({ account, container, object })
      t.match(path, /^[\x21-\x7e]+$/)
      t.equal(decodePercent(path), pathOf({ account, container, object }))
    }),
  )
})

void t.test('percent signs that escape nothing stay as they are', async (t) => {
  for (const text of ['%', '%4', '%zz', 'a%', '%%', '%g1', '100%']) t.equal(decodePercent(text), text)
  t.equal(decodePercent('%41%4'), 'A%4')
  t.equal(decodePercent('%%41'), '%A')
  t.equal(decodePercent('%e2%82%ac%E2%82%AC'), '€€')
})

void t.test('raw bytes of UTF-8 are read too, and other bytes are refused', async (t) => {
  t.equal(decodePercent(Buffer.from('grün').toString('latin1')), 'grün')
  t.equal(decodePercent('%67r\xc3\xbcn'), 'grün')
  for (const text of ['%ff', '\xff', '%c3', '%ed%a0%80', '%c0%80']) t.equal(decodePercent(text), undefined)
})

void t.test('names compare as their UTF-8 bytes do', async (t) => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '/', '\u0000', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '𐀀'),
  })
  fc.assert(
    fc.property(text, text, (left, right) => {
      t.equal(compareUtf8(left, right), Buffer.compare(Buffer.from(left), Buffer.from(right)))
    }),
  )
})
