/** Key pairs of the S3 door: those that users were given, and names and keys of the configuration. */
import type { AccessKeys, FoundKey, KeyHolder } from '#auth/s3/access-keys.ts'
import type { Clock } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import type { Credentials } from './credentials.ts'
import { identify } from './identified.ts'
import { identityPrincipal, type PrincipalOptions } from './identity-principal.ts'
import { configuredUserId, isConfigured } from './people.ts'

export interface IdentityAccessKeysOptions extends PrincipalOptions {
  readonly clock: Clock
  readonly credentials: Credentials
  /** `AUTH_` */
  readonly resellerPrefix: string
  readonly context: OperationContext
  /** Names and keys of the configuration; whoever has a password of their own in a record has no key there any more. */
  readonly configured: AccessKeys
}

const UNKNOWN: FoundKey = { kind: 'unknown' }
const UNAVAILABLE: FoundKey = { kind: 'unavailable' }

export function identityAccessKeys(options: IdentityAccessKeysOptions): AccessKeys {
  return {
    find: async (accessKey) => {
      const userId = configuredUserId(accessKey)
      return options.people.configured.has(userId)
        ? await configuredKey(options, accessKey, userId)
        : await recordedKey(options, accessKey)
    },
  }
}

async function configuredKey(
  options: IdentityAccessKeysOptions,
  accessKey: string,
  userId: string,
): Promise<FoundKey> {
  const { people, context, configured } = options
  const user = await people.users.find(context, userId)
  if (user.kind !== 'found') return user.kind === 'absent' ? UNKNOWN : UNAVAILABLE
  if (!user.value.enabled || user.value.password.kind !== 'configured') return UNKNOWN
  const found = await configured.find(accessKey)
  if (isConfigured(user) || found.kind !== 'secret') return found
  const holder = await holderOf(options, userId, found.holder.principal.tenant)
  return 'kind' in holder ? holder : { ...found, holder }
}

async function recordedKey(options: IdentityAccessKeysOptions, accessKey: string): Promise<FoundKey> {
  const found = await options.credentials.findKeyPair(options.context, accessKey)
  if (found.kind !== 'found') return found.kind === 'absent' ? UNKNOWN : UNAVAILABLE
  const { userId, projectId = '' } = found.credential
  const holder = await holderOf(options, userId, projectId)
  return 'kind' in holder ? holder : { kind: 'secret', secret: found.pair.secret, holder }
}

/** Who the user is in the project now. */
async function holderOf(
  options: IdentityAccessKeysOptions,
  userId: string,
  projectId: string,
): Promise<KeyHolder | FoundKey> {
  const { people, context, clock, resellerPrefix } = options
  const scope = { kind: 'project', projectId } as const
  const now = await identify(context, people, { userId, scope, nowMs: clock.wallMs() })
  if (now.kind === 'nobody') return UNKNOWN
  if (now.kind !== 'identified') return UNAVAILABLE
  const principal = identityPrincipal(now.identified, options)
  return {
    user: principal.user,
    displayName: principal.user,
    principal,
    account: resellerPrefix + projectId,
    generation: now.identified.user.value.generation,
  }
}
