/** Who a command acts for: arguments, or the environment variables of the `swift` command. */
import type { SignIn } from './swift-account.ts'

export interface SignInArguments {
  readonly auth?: string
  readonly user?: string
  readonly key?: string
}

/** `asks` is the question to whoever did not say who they are. */
export function signInOf(args: SignInArguments, asks: string): SignIn | { readonly problem: string } {
  const { env } = process
  const user = args.user ?? env['ST_USER']
  const key = args.key ?? env['ST_KEY']
  const authUrl = args.auth ?? env['ST_AUTH'] ?? `http://127.0.0.1:${env['MARTLET_PORT'] ?? '8080'}/auth/v1.0`
  if (user === undefined || key === undefined) {
    return { problem: `${asks} Say it with --user and --key, or in ST_USER and ST_KEY` }
  }
  return URL.canParse(authUrl)
    ? { authUrl, user, key }
    : { problem: `${authUrl} is no address to sign in at` }
}
