/** The account of the records through the doors, by whoever: nobody sees it, reads it, or writes to it. */
import t from 'tap'
import { ROLES } from '#auth/principal.ts'
import { UserDirectory } from '#auth/users.ts'
import { silentLogger } from '#base/log.ts'
import { RECORDS_ACCOUNT, type RecordKind } from '#store/records/contract.ts'
import { send, type TestProxy, testProxy, tokenFor } from './testing/test-proxy.ts'

const KIND: RecordKind<string> = { name: 'kept', version: 1, parse: (written) => String(written) }
const CONTEXT = { txId: 'tx', signal: undefined, log: silentLogger }
const SECRET = 'only for the cluster'

/** Without a prefix, whoever is of the tenant `.martlet` would own the account. */
const RESELLERS = [{ prefix: '', requireGroup: '' }]
const USERS = [
  { tenant: RECORDS_ACCOUNT, name: 'owner', key: 'key', groups: [ROLES.admin] },
  { tenant: 'any', name: 'reseller', key: 'key', groups: [ROLES.admin, ROLES.resellerAdmin] },
]

async function start(): Promise<TestProxy> {
  const proxy = testProxy({ resellers: RESELLERS }, { users: new UserDirectory(USERS, RESELLERS) })
  await proxy.deps.records.of(KIND).create(CONTEXT, 'secret', SECRET)
  return proxy
}

for (const user of [`${RECORDS_ACCOUNT}:owner`, 'any:reseller']) {
  t.test(`${user} gets nowhere`, async (t) => {
    const { handler, deps } = await start()
    const headers = { 'X-Auth-Token': await tokenFor(handler, user, 'key') }
    const ask = (method: string, target: string, more: Readonly<Record<string, string>> = {}) =>
      send(handler, { method, target, headers: { ...headers, ...more }, body: method === 'PUT' ? 'x' : '' })
    t.equal((await ask('PUT', '/v1/any/own')).status, user === 'any:reseller' ? 201 : 403)
    for (const path of ['', '/kept', '/kept/secret', '/new', '/kept/new']) {
      for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'COPY']) {
        const { status, body } = await ask(method, `/v1/${RECORDS_ACCOUNT}${path}`, {
          Destination: 'own/copy',
          'Destination-Account': 'any',
        })
        t.ok(status >= 400 && status < 500, `${method} ${path}: ${status}`)
        t.notMatch(body, SECRET)
      }
    }
    const from = { 'X-Copy-From': '/kept/secret', 'X-Copy-From-Account': RECORDS_ACCOUNT }
    t.ok((await ask('PUT', '/v1/any/own/copied', from)).status >= 400, 'as the source of a copy')
    const link = { 'X-Symlink-Target': 'kept/secret', 'X-Symlink-Target-Account': RECORDS_ACCOUNT }
    await ask('PUT', '/v1/any/own/link', link)
    const through = await ask('GET', '/v1/any/own/link')
    t.ok(through.status >= 400, 'behind a link')
    t.notMatch(through.body, SECRET)
    const record = await deps.records.of(KIND).read(CONTEXT, 'secret', 'newest')
    t.match(record, { kind: 'found', value: SECRET })
  })
}
