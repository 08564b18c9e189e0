/** Users, projects, roles and the like as the Identity API shows them. Nothing secret is among it. */

import { keyPairIn, type OpenedCredential } from './credentials.ts'
import type { Entry } from './entries.ts'
import type { NamedRole } from './identified.ts'
import { DEFAULT_DOMAIN } from './model/domain.ts'
import type { Project } from './model/project.ts'
import type { Role } from './model/role.ts'
import type { ApplicationCredential, User } from './model/user.ts'

type View = Readonly<Record<string, unknown>>

export function userView({ id, value }: Entry<User>, url: string): View {
  const { name, enabled, defaultProjectId, description, email, extra } = value
  return {
    ...extra,
    id,
    name,
    domain_id: DEFAULT_DOMAIN.id,
    enabled,
    ...(defaultProjectId === undefined ? {} : { default_project_id: defaultProjectId }),
    ...(description === undefined ? {} : { description }),
    ...(email === undefined ? {} : { email }),
    password_expires_at: null,
    options: {},
    links: { self: `${url}/users/${id}` },
  }
}

export function projectView({ id, value }: Entry<Project>, url: string): View {
  const { name, description, enabled, tags, extra } = value
  return {
    ...extra,
    id,
    name,
    domain_id: DEFAULT_DOMAIN.id,
    parent_id: DEFAULT_DOMAIN.id,
    is_domain: false,
    description,
    enabled,
    tags,
    options: {},
    links: { self: `${url}/projects/${encodeURIComponent(id)}` },
  }
}

export function roleView({ id, value }: Pick<Entry<Role>, 'id' | 'value'>, url: string): View {
  const { name, description } = value
  return { id, name, domain_id: null, description, options: {}, links: { self: `${url}/roles/${id}` } }
}

export function domainView(url: string): View {
  const { id, name } = DEFAULT_DOMAIN
  return {
    id,
    name,
    description: 'The domain of all users and projects',
    enabled: true,
    tags: [],
    options: {},
    links: { self: `${url}/domains/${id}` },
  }
}

/** `secret` only in the answer to its creation. */
export function applicationCredentialView(
  credential: ApplicationCredential,
  roles: readonly NamedRole[],
  { userId, url, secret }: { readonly userId: string; readonly url: string; readonly secret?: string },
): View {
  const { id, name, description, projectId, expiresAtMs, unrestricted } = credential
  return {
    id,
    name,
    description,
    project_id: projectId,
    user_id: userId,
    roles: roles.map((role) => ({ ...role, domain_id: null })),
    expires_at: expiresAtMs === undefined ? null : instant(expiresAtMs).slice(0, -1),
    unrestricted,
    system: null,
    access_rules: [],
    ...(secret === undefined ? {} : { secret }),
    links: { self: `${url}/users/${userId}/application_credentials/${id}` },
  }
}

export function credentialView({ id, userId, projectId, type, blob }: OpenedCredential, url: string): View {
  return {
    id,
    user_id: userId,
    project_id: projectId ?? null,
    type,
    blob,
    links: { self: `${url}/credentials/${id}` },
  }
}

export function ec2View(credential: OpenedCredential, url: string): View {
  const { userId, projectId } = credential
  const { access, secret } = keyPairIn(credential) ?? { access: '', secret: '' }
  return {
    user_id: userId,
    tenant_id: projectId ?? null,
    access,
    secret,
    trust_id: null,
    links: { self: `${url}/users/${userId}/credentials/OS-EC2/${access}` },
  }
}

/** A page of a collection; there is one. */
export function listView(member: string, items: readonly View[], self: string): View {
  return { [member]: items, links: { self, previous: null, next: null } }
}

/** Keystone's form, with six digits of a second. */
export function instant(atMs: number): string {
  return new Date(atMs).toISOString().replace(/(\.\d{3})Z$/, '$1000Z')
}
