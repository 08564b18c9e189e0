/** The identity service of a proxy, and the access keys that it knows; `undefined` where there is none. */
import type { AccessKeys } from '#auth/s3/access-keys.ts'
import { userAccessKeys } from '#auth/s3/user-access-keys.ts'
import type { Logger } from '#base/log.ts'
import { identityAccessKeys } from '#identity/access-keys.ts'
import { type Identity, type IdentityOptions, openIdentity } from '#identity/open-identity.ts'
import type { Removals } from '#identity/removals.ts'

/** Every process looks about so often, milliseconds; several at once do no harm. */
const ROUND_MS = 10 * 60_000

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
  const { directory, service, credentials, principals, removals } = openIdentity(options)
  finishRemovalsNowAndThen(removals, options)
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

/** Takes up what a process that died left half-way; begins at a moment of its own. */
function finishRemovalsNowAndThen(
  removals: Removals,
  { environment: { clock, random }, log }: ProxyIdentityOptions,
): void {
  const context = { txId: 'tx-identity-removals', signal: undefined, log }
  const round = async (): Promise<void> => {
    const outcome = await removals.finishAll(context)
    if ('kind' in outcome) log.warn({ reason: outcome.reason }, 'removals of users and projects wait')
  }
  const later = (delayMs: number): void => {
    clock.setTimer(delayMs, () => {
      round()
        .catch((error: unknown) =>
          log.warn({ err: error }, 'removals of users and projects cannot be finished'),
        )
        .finally(() => later(ROUND_MS))
    })
  }
  later(ROUND_MS / 2 + random.below(ROUND_MS))
}
