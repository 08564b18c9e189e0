import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { isInIpRange, isIpAddress } from './ip-range.ts'

t.test('one address is a range', async (t) => {
  t.ok(isInIpRange('192.0.2.7', '192.0.2.7'))
  t.notOk(isInIpRange('192.0.2.8', '192.0.2.7'))
  t.ok(isInIpRange('2001:db8::1', '2001:DB8:0:0:0:0:0:1'))
})

t.test('prefixes and masks', async (t) => {
  t.ok(isInIpRange('192.0.2.200', '192.0.2.0/24'))
  t.ok(isInIpRange('192.0.2.200', '192.0.2.0/255.255.255.0'))
  t.ok(isInIpRange('10.1.2.3', '0.0.0.0/0'))
  t.notOk(isInIpRange('192.0.3.1', '192.0.2.0/24'))
  t.notOk(isInIpRange('2001:db9::1', '2001:db8::/32'))
})

t.test('an IPv4 address that came over IPv6 is itself', async (t) => {
  t.ok(isInIpRange('::ffff:192.0.2.7', '192.0.2.0/24'))
  t.notOk(isInIpRange('2001:db8::1', '0.0.0.0/0'), 'and the families do not mix')
})

t.test('what is no range holds nothing', async (t) => {
  for (const range of [
    '',
    'x',
    '192.0.2.7/24',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/24/1',
    '192.0.2',
    '192.0.02.0/24',
    '::1::',
    '1:2:3',
    '192.0.2.0/255.0.255.0',
    '::/129',
  ]) {
    t.notOk(isInIpRange('192.0.2.7', range), range)
  }
  t.notOk(isInIpRange('', '0.0.0.0/0'))
})

t.test('addresses are those that Node knows', async () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '.', '::'), maxLength: 12 }),
  )
  fc.assert(fc.property(texts, (text) => isIpAddress(text) === (isIP(text) !== 0)))
})

t.test('ranges hold what Node says they hold', async () => {
  const v4 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const written = (bits: number): string => [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
  fc.assert(
    fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (base, other, prefix) => {
      const mask = prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0
      const network = written((base & mask) >>> 0)
      const list = new BlockList()
      list.addSubnet(network, prefix, 'ipv4')
      return [base, other].every(
        (bits) => isInIpRange(written(bits), `${network}/${prefix}`) === list.check(written(bits), 'ipv4'),
      )
    }),
  )
})
