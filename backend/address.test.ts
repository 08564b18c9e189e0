import t from 'tap'
import {
  parseAccountAddress,
  parseAccountOrContainerAddress,
  parseContainerAddress,
  parseContainerOrObjectAddress,
  parseObjectAddress,
} from './address.ts'
import { Refusal } from './refusal.ts'
import { requestOf } from './test-twins.ts'

type Parse = (request: ReturnType<typeof requestOf>) => unknown

function parsed(parse: Parse, path: string): unknown {
  const outcome = parse(requestOf('GET', path))
  return outcome instanceof Refusal ? `${outcome.response.status} ${String(outcome.response.body)}` : outcome
}

t.test('a path names device, partition, account, container and object, percent-decoded', async (t) => {
  const placement = { device: 'sda1', partition: 12 }
  t.same(parsed(parseAccountAddress, '/sda1/12/AUTH_%C3%A9'), { ...placement, account: 'AUTH_é' })
  t.same(parsed(parseContainerAddress, '/sda1/12/a/c%20d'), { ...placement, account: 'a', container: 'c d' })
  t.same(parsed(parseObjectAddress, '/sda1/12/a/c/o//p%2Fq/'), {
    ...placement,
    account: 'a',
    container: 'c',
    object: 'o//p/q/',
  })
  t.same(parsed(parseObjectAddress, '/sda1/12/a/c//'), {
    ...placement,
    account: 'a',
    container: 'c',
    object: '/',
  })
})

t.test('where the last name may be left out, what is there decides', async (t) => {
  t.same(parsed(parseAccountOrContainerAddress, '/d/1/a'), { device: 'd', partition: 1, account: 'a' })
  t.same(parsed(parseAccountOrContainerAddress, '/d/1/a/'), { device: 'd', partition: 1, account: 'a' })
  t.match(parsed(parseAccountOrContainerAddress, '/d/1/a/c/'), { container: 'c' })
  t.equal(Object.hasOwn(parsed(parseContainerOrObjectAddress, '/d/1/a/c/') as object, 'object'), false)
  t.match(parsed(parseContainerOrObjectAddress, '/d/1/a/c/o'), { object: 'o' })
})

t.test('what is too short, too long or empty is refused with the path', async (t) => {
  t.equal(parsed(parseAccountAddress, '/d/1'), '400 Invalid path: /d/1')
  t.equal(parsed(parseAccountAddress, '/d/1/a/c'), '400 Invalid path: /d/1/a/c')
  t.equal(parsed(parseAccountAddress, '/d//a'), '400 Invalid path: /d//a')
  t.equal(parsed(parseAccountAddress, 'd/1/a'), '400 Invalid path: d/1/a')
  t.equal(parsed(parseContainerAddress, "/d/1/a b'/"), '400 Invalid path: /d/1/a%20b%27/')
  t.equal(parsed(parseObjectAddress, '/d/1/a/c/'), '400 Invalid path: /d/1/a/c/')
  t.equal(parsed(parseAccountOrContainerAddress, '/d/1/a/c/o'), '400 Invalid path: /d/1/a/c/o')
})

t.test('a device or partition that could leave its directory is refused', async (t) => {
  t.equal(parsed(parseAccountAddress, '/../1/a'), '400 Invalid device: ..')
  t.equal(parsed(parseAccountAddress, '/d/../a'), '400 Invalid partition: ..')
  t.equal(parsed(parseAccountAddress, '/d/x/a'), '400 Invalid partition: x')
})

t.test('a path that is no UTF-8 is 412', async (t) => {
  t.equal(parsed(parseAccountAddress, '/d/1/%ff'), '412 Invalid UTF8 or contains NULL')
})

t.test('NUL may only stand first, and container and object must agree about it', async (t) => {
  t.match(parsed(parseObjectAddress, '/d/1/a/%00c/%00o'), { container: '\0c', object: '\0o' })
  t.equal(parsed(parseAccountAddress, '/d/1/a%00'), '400 Invalid reserved-namespace account')
  t.equal(parsed(parseContainerAddress, '/d/1/a/c%00'), '400 Invalid reserved-namespace container')
  t.equal(parsed(parseObjectAddress, '/d/1/a/c/o%00'), '400 Invalid reserved-namespace object')
  t.equal(
    parsed(parseObjectAddress, '/d/1/a/c/%00o'),
    '400 Invalid reserved-namespace object in user-namespace container',
  )
  t.equal(
    parsed(parseObjectAddress, '/d/1/a/%00c/o'),
    '400 Invalid user-namespace object in reserved-namespace container',
  )
  t.match(parsed(parseObjectAddress, '/d/1/.misplaced_objects/c/x%00o'), { object: 'x\0o' })
})
