/**
 * Root secrets out of a key manager, over real connections: a small server stands in for Barbican and for its Keystone.
 * Secrets are rotated as the manual says, and what was written under each is read as long as it is configured.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import { readConfiguration } from '#node/configuration.ts'
import { openEncryption } from '#node/encryption.ts'
import { realEnvironment } from '#node/environment.ts'
import { encryptionLayer } from '#store/encryption/encryption-layer.ts'
import { get, makeContainer, put } from './actions.ts'
import { MemoryCluster } from './memory-cluster.ts'

/** What the server holds and how it behaves. */
class KeyManagerServer {
  readonly secrets = new Map<string, Buffer>()
  /** Statuses for the next requests to Barbican, before it behaves again. */
  readonly troubles: number[] = []
  asked = 0
  signIns = 0
  url = ''

  static async start(t: Test): Promise<KeyManagerServer> {
    const manager = new KeyManagerServer()
    const server = createServer((request, response) => manager.#answer(request, response))
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    t.teardown(() => new Promise((resolve) => server.close(resolve)))
    manager.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return manager
  }

  add(uuid: string, bytes = randomBytes(32)): void {
    this.secrets.set(uuid, bytes)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    if (request.method === 'POST' && request.url?.startsWith('/identity/v3/auth/tokens') === true) {
      this.signIns += 1
      const token = { expires_at: '2999-01-01T00:00:00.000000Z' }
      response.writeHead(201, { 'x-subject-token': `token ${this.signIns}` }).end(JSON.stringify({ token }))
      return
    }
    this.asked += 1
    const [, uuid = ''] = /^\/v1\/secrets\/([^/]+)\/payload$/.exec(request.url ?? '') ?? []
    const isSignedIn = request.headers['x-auth-token'] === `token ${this.signIns}`
    const secret = this.secrets.get(uuid)
    const status = this.troubles.shift() ?? (isSignedIn ? (secret === undefined ? 404 : 200) : 401)
    response
      .writeHead(status, { 'content-type': 'application/octet-stream' })
      .end(status === 200 ? secret : '')
  }
}

type Encryption = Awaited<ReturnType<typeof openEncryption>>

function open(manager: KeyManagerServer, secrets: readonly string[], active = ''): Promise<Encryption> {
  const configuration = readConfiguration(`[key_manager]
url = "${manager.url}"
auth_url = "${manager.url}/identity"
username = "martlet"
password = "secret"
secrets = ${JSON.stringify(secrets)}
active_root_secret_id = "${active}"
`)
  if ('problems' in configuration) throw new Error(configuration.problems.join('; '))
  return openEncryption(realEnvironment(), configuration.settings)
}

t.test('root secrets are rotated: each is read as long as it is configured', async (t) => {
  const manager = await KeyManagerServer.start(t)
  manager.add('uuid-of-old')
  manager.add('uuid-of-new', randomBytes(64))
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  const under = async (secrets: readonly string[], active?: string) => {
    const encryption = await open(manager, secrets, active)
    if (encryption === undefined) throw new Error('there is no encryption')
    const layer = encryptionLayer({ random: new SeededRandom(1), ...encryption })
    return { context: cluster.context, store: layer(cluster.store) }
  }
  const before = await under(['uuid-of-old'])
  await put(before, 'old', 'written before')
  const reader = await under(['uuid-of-old', '2027 uuid-of-new'])
  const after = await under(['uuid-of-old', '2027 uuid-of-new'], '2027')
  await put(after, 'new', 'written after')
  for (const proxy of [reader, after]) {
    t.equal((await get(proxy, 'old')).bytes.toString(), 'written before')
    t.equal((await get(proxy, 'new')).bytes.toString(), 'written after', 'readers first, then writers')
  }
  const alone = await under(['2027 uuid-of-new'], '2027')
  t.equal((await get(alone, 'new')).bytes.toString(), 'written after')
  t.equal((await get(alone, 'old')).kind, 'unreadable', 'nobody reads what was under a secret that is gone')
  t.not((await get(before, 'new')).bytes.toString(), 'written after')
})

t.test('a key manager that has trouble is asked again, with a new token when it wants one', async (t) => {
  const manager = await KeyManagerServer.start(t)
  manager.add('uuid')
  manager.troubles.push(503, 401)
  t.ok(await open(manager, ['uuid']))
  t.equal(manager.asked, 3)
  t.equal(manager.signIns, 2)
})

t.test('what will not do is said at the start, and nothing secret', async (t) => {
  const manager = await KeyManagerServer.start(t)
  manager.add('short', Buffer.from('a short secret'))
  await t.rejects(open(manager, ['none']), /does not give the root secret without an id: it is not there/)
  await t.rejects(open(manager, ['a short']), /root secret "a" has fewer than 32 bytes/)
  await t.rejects(open(manager, ['a b c']), /ID UUID/)
  await t.rejects(open(manager, []), /needs secrets/)
  manager.troubles.push(403)
  await t.rejects(open(manager, ['short']), /we may not read it/)
  manager.add('good')
  await t.rejects(open(manager, ['good'], 'other'), /no root secret with the active id "other"/)
})
