/**
 * Who may sign in and whose a token is, as the doors see it. The configuration knows by itself (`configuredDirectory`); the
 * identity service knows the configuration and the records of the cluster.
 */
import type { Logger } from '#base/log.ts'
import type { OpenedToken, TokenSeal } from './token-seal.ts'
import type { UserDirectory } from './users.ts'

/** On whose behalf something is looked up. */
export interface AuthContext {
  readonly txId: string
  readonly signal: AbortSignal | undefined
  readonly log: Logger
}

/** A name and a key against a token, as Swift's first version of sign-in has it. */
export interface SignIn {
  /** `account:user`. */
  readonly user: string
  readonly key: string
  /** From where; whoever guesses from one place is not waited for at others. */
  readonly remoteAddress: string
}

export type SignedIn =
  | {
      readonly kind: 'signed_in'
      readonly token: string
      readonly expiresInSeconds: number
      /** `$HOST/v1/AUTH_test`; `$HOST` stands for scheme and host of the request. */
      readonly storageUrl: string
    }
  | { readonly kind: 'refused' }
  /** It cannot be found out now. */
  | { readonly kind: 'unavailable' }

export interface Directory {
  /** Nobody can sign in here. */
  readonly isEmpty: boolean
  signIn(context: AuthContext, attempt: SignIn): Promise<SignedIn>
  /** Whose token this is, or why it is refused. Never throws, whatever the text. */
  open(context: AuthContext, token: string): OpenedToken | Promise<OpenedToken>
}

/** The users of the configuration and nobody else. */
export function configuredDirectory(users: UserDirectory, seal: TokenSeal): Directory {
  return {
    isEmpty: users.isEmpty,
    async signIn(_context, { user, key }) {
      const known = await users.authenticate(user, key)
      if (known === undefined) return { kind: 'refused' }
      return { kind: 'signed_in', ...seal.issue(known.principal), storageUrl: known.storageUrl }
    },
    open: (_context, token) => seal.open(token),
  }
}
