/** Whose a token is for the identity service itself: one of its own, or one of Swift's first version of sign-in. */

import type { TokenSeal } from '#auth/token-seal.ts'
import type { Clock } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import { identify } from './identified.ts'
import { auditIdOfSealed } from './identity-directory.ts'
import type { IdentityTokens } from './identity-tokens.ts'
import { configuredUserId, type People } from './people.ts'
import type { OpenedCaller, TokenOpener } from './visit.ts'

export interface TokenOpenerOptions {
  readonly clock: Clock
  readonly seal: TokenSeal
  readonly tokens: IdentityTokens
  readonly people: People
}

const REFUSED: OpenedCaller = { kind: 'refused' }

export function tokenOpener({ clock, seal, tokens, people }: TokenOpenerOptions): TokenOpener {
  return {
    async open(context, token, expired) {
      if (!tokens.isOurs(token)) return await openSealed(context, token)
      const opened = await tokens.open(context, token, expired)
      return opened.kind === 'valid' ? { ...opened, token } : opened
    },
  }

  async function openSealed(context: OperationContext, token: string): Promise<OpenedCaller> {
    const opened = seal.open(token)
    if (opened.kind !== 'valid') return opened
    const { user, tenant } = opened.principal
    const claims = {
      userId: configuredUserId(user),
      scope: { kind: 'project', projectId: tenant },
      methods: ['password'],
      auditIds: [auditIdOfSealed(token)],
      issuedAtMs: 0,
      expiresAtSeconds: opened.expiresAtSeconds,
      generation: 0,
      applicationCredentialId: undefined,
    } as const
    const now = await identify(context, people, { ...claims, nowMs: clock.wallMs() })
    if (now.kind === 'nobody') return REFUSED
    if (now.kind !== 'identified') return { kind: 'unavailable' }
    const { generation, revoked } = now.identified.user.value
    const isVoid = generation > 0 || revoked.some(({ auditId }) => auditId === claims.auditIds[0])
    return isVoid ? REFUSED : { kind: 'valid', token, claims, identified: now.identified }
  }
}
