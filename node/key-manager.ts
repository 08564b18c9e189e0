/** The key manager outside of the cluster that the configuration names; `undefined` when it names none. */
import { keystoneAddress } from '#auth/keystone/keystone-exchange.ts'
import { OwnToken } from '#auth/keystone/own-token.ts'
import type { Environment } from '#base/environment.ts'
import { serviceAddress } from '#http/bounded-exchange.ts'
import { RemoteTransport } from '#http/remote-transport.ts'
import { BarbicanSecrets } from '#store/encryption/barbican-secrets.ts'
import type { RootSecretSource } from '#store/encryption/key-manager.ts'
import { secretEntries } from '#store/encryption/root-secrets.ts'
import { credentialsOf } from './keystone-sign-in-options.ts'
import type { Settings } from './options.ts'
import { readPem } from './tls-files.ts'

/** Rejects with an `Error` that names what is wrong with the configuration. */
export async function openKeyManager(
  { clock, disk }: Pick<Environment, 'clock' | 'disk'>,
  settings: Settings['key_manager'],
): Promise<RootSecretSource | undefined> {
  const { url, authUrl, secrets, active, timeoutMs } = settings
  if (url === undefined) return undefined
  if (authUrl === undefined) throw new Error('key_manager: url needs auth_url, the Keystone to sign in at')
  if (secrets.length === 0) throw new Error('key_manager: url needs secrets, the UUIDs of the root secrets')
  const authority =
    settings.tlsAuthority === undefined ? undefined : await readPem(disk, settings.tlsAuthority)
  const reach = (secure: boolean): RemoteTransport =>
    new RemoteTransport({ clock, tls: secure ? { authority } : undefined })
  const keystone = keystoneAddress(authUrl)
  const barbican = serviceAddress('key_manager', url, '/v1')
  const signIn = { clock, timeoutMs, address: keystone, transport: reach(keystone.secure) }
  const exchange = { clock, timeoutMs, address: barbican, transport: reach(barbican.secure) }
  const source = new BarbicanSecrets({
    exchange,
    token: new OwnToken(signIn, credentialsOf('key_manager', settings)),
    secrets: secretEntries(secrets, 'UUID'),
    active,
  })
  // Asked once: nothing is kept open afterwards.
  const close = async (): Promise<void> => {
    await Promise.all([signIn.transport.close(), exchange.transport.close()])
  }
  return {
    fetch: async () => {
      try {
        return await source.fetch()
      } finally {
        await close()
      }
    },
  }
}
