import t from 'tap'
import { parseKeymasterFile, parseSecretList } from './root-secrets.ts'

const ONE = Buffer.alloc(32, 1)
const TWO = Buffer.alloc(40, 2)

t.test("the file of Swift's keymaster is read", async (t) => {
  const { secrets, active } = parseKeymasterFile(`[keymaster]
encryption_root_secret = ${ONE.toString('base64')}
encryption_root_secret_Two = ${TWO.toString('base64')}
active_root_secret_id = two
`)
  t.same(Object.fromEntries(secrets), { '': ONE, two: TWO })
  t.equal(active, 'two')
})

t.test('secrets are listed with their ids', async (t) => {
  const secrets = parseSecretList([ONE.toString('base64'), `two ${TWO.toString('base64')}`])
  t.same(Object.fromEntries(secrets), { '': ONE, two: TWO })
})

t.test('what will not do is named, and not shown', async (t) => {
  const short = Buffer.alloc(31, 7).toString('base64')
  const fails = (work: () => unknown, pattern: RegExp): void => {
    const error = t.throws(work, pattern) as Error | undefined
    t.notMatch(String(error), short)
  }
  fails(() => parseSecretList([short]), /without an id is not the base64 of 32 bytes/)
  fails(() => parseSecretList([`two ${short}!`]), /"two" is not/)
  fails(() => parseSecretList(['a b c']), /ID BASE64/)
  fails(
    () => parseSecretList([`a ${ONE.toString('base64')}`, `a ${ONE.toString('base64')}`]),
    /"a" is given twice/,
  )
  fails(() => parseKeymasterFile(`[keymaster]\nencryption_root_secret = ${short}`), /not the base64/)
  fails(() => parseKeymasterFile(`[keymaster]\nencryption_root_secretx = ${short}`), /no option/)
  fails(() => parseKeymasterFile(`[other]\nencryption_root_secret = ${short}`), /no section/)
  fails(() => parseKeymasterFile(short), /line 1/)
})
