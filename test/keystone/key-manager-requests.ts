/** A real Barbican: root secrets of the cluster and certificates of signed images are read out of it, by those who may. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { outsideClient } from '#http/outside-client.ts'
import { BarbicanCertificates } from '#images/signatures/barbican.ts'
import { readConfiguration } from '#node/configuration.ts'
import { openEncryption } from '#node/encryption.ts'
import { realEnvironment } from '#node/environment.ts'
import { encryptionLayer } from '#store/encryption/encryption-layer.ts'
import { get, makeContainer, put } from '#test/cluster/actions.ts'
import { MemoryCluster } from '#test/cluster/memory-cluster.ts'
import { type People, SWIFT } from './people.ts'
import { type RealBarbican, startBarbican } from './real-barbican.ts'
import { PASSWORD, type RealKeystone } from './real-keystone.ts'

const NO_UUID = '00000000-0000-4000-8000-000000000000'
const SIGNATURES = new URL('../../images/signatures/testdata/signatures.json', import.meta.url)

/** Starts it beside the Keystone. */
export async function askKeyManager(
  t: Test,
  port: number,
  keystone: RealKeystone,
  { tokens }: People,
): Promise<void> {
  const barbican = await startBarbican(t, port, keystone, SWIFT)
  await t.test('root secrets of the cluster', (t) => readRootSecrets(t, barbican, keystone, tokens.service))
  await t.test('certificates of whoever uploads a signed image', (t) => readCertificates(t, barbican, tokens))
}

async function readRootSecrets(
  t: Test,
  barbican: RealBarbican,
  keystone: RealKeystone,
  token: string,
): Promise<void> {
  const octets = (bytes: Buffer) => barbican.store(token, { bytes, contentType: 'application/octet-stream' })
  const old = await octets(randomBytes(32))
  const fresh = await octets(randomBytes(64))
  const short = await octets(randomBytes(31))
  const text = await barbican.store(token, { bytes: Buffer.from('t'.repeat(32)), contentType: 'text/plain' })
  const open = (secrets: readonly string[], active = '', user = SWIFT.user) =>
    openEncryption(realEnvironment(), settingsOf(barbican, keystone, { secrets, active, user }))
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  const under = async (secrets: readonly string[], active?: string) => {
    const encryption = await open(secrets, active)
    if (encryption === undefined) throw new Error('there is no encryption')
    const layer = encryptionLayer({ random: new SeededRandom(1), ...encryption })
    return { context: cluster.context, store: layer(cluster.store) }
  }
  await put(await under([old]), 'old', 'written before')
  const after = await under([old, `2027 ${fresh}`], '2027')
  await put(after, 'new', 'written after')
  t.equal((await get(after, 'old')).bytes.toString(), 'written before', 'read under the secret of before')
  t.equal((await get(await under([`2027 ${fresh}`], '2027'), 'new')).bytes.toString(), 'written after')
  await t.rejects(open([NO_UUID]), /does not give the root secret without an id: it is not there/)
  await t.rejects(open(['none']), /it is not there|its UUID is none/)
  await t.rejects(open([short]), /has fewer than 32 bytes/)
  t.ok(await open([text]), 'a text is its bytes')
  await t.rejects(open([old], '', 'reseller'), /we may not read it/, 'by a user without the role')
}

function settingsOf(
  barbican: RealBarbican,
  keystone: RealKeystone,
  { secrets, active, user }: { secrets: readonly string[]; active: string; user: string },
): Parameters<typeof openEncryption>[1] {
  const configuration = readConfiguration(`[key_manager]
url = "${barbican.url}"
auth_url = "${keystone.url}"
username = "${user}"
password = "${PASSWORD}"
project_name = "${SWIFT.project}"
secrets = ${JSON.stringify(secrets)}
active_root_secret_id = "${active}"
`)
  if ('problems' in configuration) throw new Error(configuration.problems.join('; '))
  return configuration.settings
}

async function readCertificates(
  t: Test,
  barbican: RealBarbican,
  { service, stranger }: People['tokens'],
): Promise<void> {
  const { cases } = JSON.parse(readFileSync(SIGNATURES, 'utf8')) as {
    readonly cases: readonly [{ readonly certificate: string }]
  }
  const pem = Buffer.from(cases[0].certificate)
  const octets = await barbican.store(service, { bytes: pem, contentType: 'application/octet-stream' })
  const text = await barbican.store(service, { bytes: pem, contentType: 'text/plain' })
  const none = await barbican.store(service, { bytes: Buffer.from('none'), contentType: 'text/plain' })
  const certificates = new BarbicanCertificates(outsideClient(realClock), barbican.url)
  const found = async (token: string, id: string): Promise<string> => {
    const context = { txId: 'tx', signal: undefined, log: {} as never, token }
    return (await certificates.find(context, id)).kind
  }
  t.equal(await found(service, octets), 'certificate', 'stored as bytes')
  t.equal(await found(service, text), 'certificate', 'stored as text')
  t.equal(await found(service, none), 'malformed')
  t.equal(await found(service, NO_UUID), 'absent')
  t.equal(await found(stranger, text), 'absent', 'for another project')
  t.equal(await found('no token', text), 'absent')
}
