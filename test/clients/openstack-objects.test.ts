/** `openstack container …`, `openstack object …` and `openstack object store account …` against a running cluster. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { havePrograms, run } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { TESTER } from '#test/session.ts'

t.setTimeout(600_000)

t.test('the openstack command, on containers and objects', async (t) => {
  if (!havePrograms(t, 'openstack')) return
  const { url } = await startCluster(t)
  const directory = temporaryDirectory(t)
  const environment = {
    OS_AUTH_TYPE: 'v1password',
    OS_AUTH_URL: `${url}/auth/v1.0`,
    OS_USERNAME: TESTER.user,
    OS_PASSWORD: TESTER.key,
  }
  /** Several commands in one start of the client; what those print that print JSON. */
  const openstack = async (...commands: string[]): Promise<readonly unknown[]> => {
    const input = Buffer.from(`${commands.join('\n')}\n`)
    const { stdout, stderr } = await run('openstack', [], { environment, input, directory })
    if (stderr.trim() !== '') throw new Error(stderr)
    const printed = stdout.split(/\n(?=[[{])/).filter((one) => /^[[{]/.test(one))
    return printed.map((one) => JSON.parse(one))
  }
  writeFileSync(join(directory, 'song'), 'la la la')

  await t.test('makes, lists, shows and describes containers', async (t) => {
    const [made, listed, shown, bare] = await openstack(
      'container create -f json nest burrow',
      'container list -f json --prefix ne --long',
      'container set --property colour=grey --property size=xl nest',
      'container show -f json nest',
      'container unset --property size nest',
      'container show -f json nest',
    )
    t.match(made, [{ container: 'nest' }, { container: 'burrow' }])
    t.match(listed, [{ Name: 'nest', Bytes: 0, Count: 0 }])
    t.match(shown, { container: 'nest', properties: { Colour: 'grey', Size: 'xl' } })
    t.match(bare, { properties: { Colour: 'grey' } })
  })

  await t.test('makes, lists, shows, describes and saves objects', async (t) => {
    const [made, listed, shown, bare] = await openstack(
      'object create -f json --name songs/first nest song',
      'object list -f json --long --prefix songs/ nest',
      'object set --property colour=grey nest songs/first',
      'object show -f json nest songs/first',
      'object unset --property colour nest songs/first',
      'object show -f json nest songs/first',
      'object save --file saved nest songs/first',
      'container save nest',
    )
    t.match(made, [{ object: 'songs/first', container: 'nest' }])
    t.match(listed, [{ Name: 'songs/first', Bytes: 8 }])
    t.match(shown, { 'content-length': '8', properties: { Colour: 'grey' } })
    t.notMatch(bare, { properties: { Colour: 'grey' } })
    t.equal(readFileSync(join(directory, 'saved'), 'utf8'), 'la la la')
    t.equal(readFileSync(join(directory, 'songs/first'), 'utf8'), 'la la la')
  })

  await t.test('describes the account', async (t) => {
    const [shown] = await openstack(
      'object store account set --property owner=wren',
      'object store account show -f json',
      'object store account unset --property owner',
    )
    t.match(shown, { Account: 'AUTH_test', properties: { Owner: 'wren' } })
  })

  await t.test('deletes objects and containers', async (t) => {
    const [left] = await openstack(
      'object delete nest songs/first',
      'container delete --recursive nest burrow',
      'container list -f json',
    )
    t.same(left, [])
  })
})
