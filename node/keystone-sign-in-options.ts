/** How this cluster signs in at a Keystone: options that every section has which does. */
import type { KeystoneCredentials } from '#auth/keystone/own-token.ts'
import { path, text } from '#base/option-values.ts'
import { type OptionSpec, type OptionsOf, option } from '#base/options.ts'

type Maybe = OptionSpec<string | undefined>
type Named = OptionSpec<string>

type SignInOptions = {
  readonly tlsAuthority: Maybe
  readonly user: Maybe
  readonly password: Maybe
  readonly userDomain: Named
  readonly project: Named
  readonly projectDomain: Named
  readonly applicationCredentialId: Maybe
  readonly applicationCredentialSecret: Maybe
}

const word = text({ leastLength: 1 })

/** `user`: what the user is for; `source`: whose names these are. */
export function signInOptions(of: { readonly user: string; readonly source: string }): SignInOptions {
  const maybe = (name: string, doc: string, more: Partial<Maybe> = {}): Maybe =>
    option({ name, doc, parse: word, default: undefined, source: `${of.source} ${name}`, ...more })
  const named = (name: string, doc: string, standard: string): Named =>
    option({ name, doc, parse: word, default: standard, source: `${of.source} ${name}` })
  return {
    tlsAuthority: maybe(
      'tls_authority',
      'File with the authority (PEM) that signed its certificate; those of the system by default.',
      { parse: path, source: `${of.source} cafile` },
    ),
    user: maybe('username', of.user),
    password: maybe('password', 'Password of that user.', { secret: true }),
    userDomain: named('user_domain_name', 'Domain of that user.', 'Default'),
    project: named('project_name', 'Project of that user.', 'service'),
    projectDomain: named('project_domain_name', 'Domain of that project.', 'Default'),
    applicationCredentialId: maybe(
      'application_credential_id',
      'Application credential instead of user and password.',
    ),
    applicationCredentialSecret: maybe('application_credential_secret', 'Secret of that credential.', {
      secret: true,
    }),
  }
}

/** Throws an `Error` that begins with the name of the section when something is missing. */
export function credentialsOf(section: string, settings: OptionsOf<SignInOptions>): KeystoneCredentials {
  const { applicationCredentialId: id, applicationCredentialSecret: secret } = settings
  if (id !== undefined && secret !== undefined) return { kind: 'application_credential', id, secret }
  const { user, password, userDomain, project, projectDomain } = settings
  if (user === undefined || password === undefined) {
    throw new Error(
      `${section}: url needs username and password, or an application credential with its secret`,
    )
  }
  return { kind: 'password', user, userDomain, password, project, projectDomain }
}
