/** The identity service of a proxy, and the access keys that it knows; `undefined` where there is none. */
import type { AccessKeys } from '#auth/s3/access-keys.ts'
import { userAccessKeys } from '#auth/s3/user-access-keys.ts'
import type { Logger } from '#base/log.ts'
import { identityAccessKeys } from '#identity/access-keys.ts'
import { type Identity, type IdentityOptions, openIdentity } from '#identity/open-identity.ts'

export interface ProxyIdentityOptions extends IdentityOptions {
  readonly log: Logger
  /** False where it is turned off, or Keystone says who is who. */
  readonly isServed: boolean
}

export interface ProxyIdentity extends Pick<Identity, 'directory' | 'service'> {
  readonly accessKeys: AccessKeys
}

export function identityOf(options: ProxyIdentityOptions): ProxyIdentity | undefined {
  if (!options.isServed) return undefined
  const { directory, service, credentials, principals } = openIdentity(options)
  const accessKeys = identityAccessKeys({
    ...principals,
    credentials,
    clock: options.environment.clock,
    resellerPrefix: options.resellers[0]?.prefix ?? '',
    context: { txId: 'tx-access-keys', signal: undefined, log: options.log },
    configured: userAccessKeys(options.users),
  })
  return { directory, service, accessKeys }
}
