/** What the proxies of one cluster ask of a Keystone, asked of the identity service of another one. */
import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { Ec2AccessKeys } from '#auth/keystone/ec2-access-keys.ts'
import { KeystoneClient } from '#auth/keystone/keystone-client.ts'
import type { Transport } from '#http/transport.ts'
import { ownKeystoneRules } from './identity-principal.ts'
import { CONTEXT, IdentitySession } from './testing/identity-session.ts'

const PROXY = { user: 'proxy', userDomain: 'default', project: 'of proxy', projectDomain: 'default' }

async function start(t: Test) {
  const session = new IdentitySession()
  await session.person('proxy', 'service')
  const transport: Transport = {
    send: (_endpoint, request) => session.identity.service(request, CONTEXT),
    close: async () => {},
  }
  const endpoint = { host: '127.0.0.1', port: 8080 }
  const options = {
    clock: session.clock,
    transport,
    address: { endpoint, basePath: '/identity/v3', secure: false },
    timeoutMs: 10_000,
    credentials: { kind: 'password', password: 'proxy secret', ...PROXY },
  } as const
  const { userId, projectId } = await session.person('ada', 'member')
  const ada = await session.login('ada', 'ada secret', 'of ada')
  t.equal(ada.status, 201)
  return { session, options, ada, userId, projectId }
}

t.test('tokens are validated, expired ones for services that may bring them', async (t) => {
  const { session, options, ada, userId, projectId } = await start(t)
  const client = new KeystoneClient(options)
  t.match(await client.validate(ada.token, 'refused'), {
    kind: 'valid',
    token: { user: { id: userId, name: 'ada' }, project: { id: projectId }, roles: ['member'] },
  })
  t.same(await client.validate('AUTH_iknonsense', 'refused'), { kind: 'invalid' })
  await session.clock.advance(86_400_000)
  t.same(await client.validate(ada.token, 'refused'), { kind: 'invalid' })
  t.match(await client.validate(ada.token, 'accepted'), { kind: 'valid' })
})

t.test('signatures of S3 requests are confirmed for services, and for nobody else', async (t) => {
  const { session, options, ada, userId, projectId } = await start(t)
  const path = `/v3/users/${userId}/credentials/OS-EC2`
  const { access, secret } = (await session.ask('POST', path, ada.token, {})).body.credential
  const keys = new Ec2AccessKeys({
    ...options,
    log: CONTEXT.log,
    rules: ownKeystoneRules([{ prefix: 'AUTH_', requireGroup: '' }]),
    cacheMs: 60_000,
  })
  const stringToSign = 'GET\n\n\n\n/bucket'
  const signatureBy = (key: string) => createHmac('sha1', key).update(stringToSign).digest('base64')
  const confirm = async (accessKey: string, signature: string) => {
    const found = await keys.find(accessKey)
    return found.kind === 'elsewhere'
      ? await found.confirm({ accessKey, stringToSign, signature })
      : { kind: 'remembered' }
  }
  t.match(await confirm(access, signatureBy('wrong')), { kind: 'denied' })
  t.match(await confirm('unknown', signatureBy(secret)), { kind: 'unknown' })
  t.match(await confirm(access, signatureBy(secret)), {
    kind: 'confirmed',
    holder: { account: `AUTH_${projectId}` },
  })
  const credentials = {
    access,
    token: Buffer.from(stringToSign).toString('base64'),
    signature: signatureBy(secret),
  }
  for (const token of [ada.token, undefined]) {
    const { status } = await session.ask('POST', '/v3/s3tokens', token, { credentials })
    t.ok(status === 401 || status === 403, 'a signature that was seen is not worth a token')
  }
})
