/** Tokens of Keystone for a proxy, as the configuration says; `undefined` when it names no Keystone. */
import { Ec2AccessKeys } from '#auth/keystone/ec2-access-keys.ts'
import { KeystoneClient } from '#auth/keystone/keystone-client.ts'
import { keystoneAddress } from '#auth/keystone/keystone-exchange.ts'
import { keystoneRules } from '#auth/keystone/rules-options.ts'
import { ValidatedTokens } from '#auth/keystone/validated-tokens.ts'
import type { AccessKeys } from '#auth/s3/access-keys.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import { RemoteTransport } from '#http/remote-transport.ts'
import type { KeystoneParts } from '#proxy/middleware/keystone.ts'
import { credentialsOf } from './keystone-sign-in-options.ts'
import type { Settings } from './options.ts'
import { readPem } from './tls-files.ts'

export interface KeystoneOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly metrics: Metrics
  readonly settings: Settings['keystone']
}

export interface OpenKeystone extends KeystoneParts {
  /** Its users' EC2 credentials. */
  readonly accessKeys: AccessKeys
}

/** Rejects with an `Error` that names what is wrong with the configuration. */
export async function openKeystone(options: KeystoneOptions): Promise<OpenKeystone | undefined> {
  const { environment, log, metrics, settings } = options
  const { url, cacheMs, timeoutMs, publicUrl } = settings
  if (url === undefined) return undefined
  const { clock, disk } = environment
  const address = keystoneAddress(url)
  const authority =
    settings.tlsAuthority === undefined ? undefined : await readPem(disk, settings.tlsAuthority)
  const client = {
    clock,
    address,
    timeoutMs,
    credentials: credentialsOf('keystone', settings),
    // Not the cluster's own: nothing of what the processes show each other goes to Keystone.
    transport: new RemoteTransport({ clock, tls: address.secure ? { authority } : undefined }),
  }
  const rules = keystoneRules(settings)
  const validator = new KeystoneClient(client)
  return {
    tokens: new ValidatedTokens({ clock, log, metrics, validator, cacheMs }),
    rules,
    publicUrl: publicUrl ?? url,
    accessKeys: new Ec2AccessKeys({ ...client, log, rules, cacheMs }),
  }
}
