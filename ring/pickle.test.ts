import fc from 'fast-check'
import t from 'tap'
import { PickledArray, parsePickle } from './pickle.ts'

const OPCODES = Array.from('()]}NKtesuaRqh\x85\x86.')

/** A pickle from its bytes as text. */
function parse(text: string): unknown {
  const parsed = parsePickle(Buffer.from(text, 'latin1'))
  return parsed.kind === 'value' ? parsed.value : parsed.reason
}

t.test('plain data of protocol 2 is read', async (t) => {
  t.equal(parse('\x80\x02N.'), null)
  t.same([parse('\x88.'), parse('\x89.')], [true, false])
  t.same([parse('K\xff.'), parse('M\xff\x01.'), parse('J\xfe\xff\xff\xff.')], [255, 511, -2])
  t.same(
    [parse('\x8a\x00.'), parse('\x8a\x05\x00\x00\x00\x00\x01.'), parse('\x8a\x01\xff.')],
    [0, 2 ** 32, -1],
  )
  t.equal(parse('G\x3f\xb9\x99\x99\x99\x99\x99\x9a.'), 0.1)
  t.same(
    [parse('X\x02\x00\x00\x00\xc3\xa9.'), parse('U\x01a.'), parse('T\x01\x00\x00\x00b.')],
    ['é', 'a', 'b'],
  )
  t.same(parse('](K\x01K\x02e.'), [1, 2])
  t.same(parse(']K\x01a.'), [1])
  t.same(
    [parse(').'), parse('K\x01\x85.'), parse('K\x01K\x02\x86.'), parse('(K\x01K\x02K\x03t.')],
    [[], [1], [1, 2], [1, 2, 3]],
  )
  t.same(parse('}U\x01aK\x01s.'), new Map([['a', 1]]))
  t.same(
    parse('}(U\x01aK\x01U\x01bNu.'),
    new Map<unknown, unknown>([
      ['a', 1],
      ['b', null],
    ]),
  )
  t.same(
    parse('](U\x01aq\x00h\x00r\x01\x00\x00\x00j\x01\x00\x00\x00e.'),
    ['a', 'a', 'a'],
    'what is named twice',
  )
  t.same(parse('carray\narray\nU\x01H](K\x01K\x02e\x86R.'), new PickledArray('H', [1, 2]))
})

t.test('anything that would run code, or is not data, is refused', async (t) => {
  t.equal(parse("cos\nsystem\n(S'true'\ntR."), 'it names a class that no builder file has')
  t.equal(parse('carray\narrax\nU\x01H]\x86R.'), 'it names a class that no builder file has')
  t.equal(parse('(ios\nsystem\n.'), 'it has something else than data (opcode 105)')
  t.equal(parse('Nb.'), 'it has something else than data (opcode 98)')
  t.equal(parse('N]\x86R.'), 'it is not in order', 'only the array can be called')
  t.equal(parse('carray\narray\n.'), 'it is not in order')
  t.equal(parse('carray\narray\nU\x01H](Ne\x86R.'), 'it is not in order')
  t.equal(parse('carray\narray\nNR.'), 'it is not in order')
  t.equal(parse('\x80\x04N.'), 'it is a pickle of protocol 4')
  t.equal(parse('\x8a\x09'), 'it has a number of 9 bytes')
  for (const text of ['.', 'e.', '(.', 'NNs.', 'Nq\xff.q', 'h\x05.', 'q\x00.', '}(Nu.', 'N(Ne.', '\x85.']) {
    t.equal(typeof parse(text), 'string', JSON.stringify(text))
  }
  t.equal(parse('N'), 'it is cut off')
  t.equal(parse('X\xff\xff\xff\xffabc.'), 'it is cut off')
  t.equal(parse('Nr\xff\xff\xff\xff.'), 'it is not in order')
})

t.test('no bytes make it throw', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      parsePickle(Buffer.from(bytes))
    }),
    { numRuns: 2000, seed: 1 },
  )
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...OPCODES), { maxLength: 40 }), (codes) => {
      parsePickle(Buffer.from(codes.join(''), 'latin1'))
    }),
    { numRuns: 2000, seed: 1 },
  )
})
