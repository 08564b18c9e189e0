/** Users, projects, roles and the like as the Identity API shows them. Nothing secret is among it. */

import { keyPairIn, type OpenedCredential } from './credentials.ts'
import type { NamedRole } from './effective-roles.ts'
import type { Entry } from './entries.ts'
import type { OwnedRule } from './model/access-rules.ts'
import type { Domain } from './model/domain.ts'
import type { Group } from './model/group.ts'
import type { Project } from './model/project.ts'
import type { Role } from './model/role.ts'
import { type ApplicationCredential, passwordEndsAtMs, type User } from './model/user.ts'

type View = Readonly<Record<string, unknown>>

export interface UserViewOptions {
  readonly url: string
  readonly passwordLifeMs: number | undefined
}

export function userView({ id, value }: Entry<User>, { url, passwordLifeMs }: UserViewOptions): View {
  const { name, domainId, enabled, defaultProjectId, description, email, options, extra } = value
  return {
    ...extra,
    id,
    name,
    domain_id: domainId,
    enabled,
    ...(defaultProjectId === undefined ? {} : { default_project_id: defaultProjectId }),
    ...(description === undefined ? {} : { description }),
    ...(email === undefined ? {} : { email }),
    password_expires_at: expiryView(value, passwordLifeMs),
    options: options ?? {},
    links: { self: `${url}/users/${id}` },
  }
}

export function expiryView(user: User, passwordLifeMs: number | undefined): string | null {
  const endsAtMs = passwordEndsAtMs(user, passwordLifeMs)
  return endsAtMs === undefined ? null : instant(endsAtMs).slice(0, -1)
}

export function groupView({ id, value }: Entry<Group>, url: string): View {
  const { name, domainId, description, extra } = value
  return { ...extra, id, name, domain_id: domainId, description, links: { self: `${url}/groups/${id}` } }
}

export function projectView({ id, value }: Entry<Project>, url: string): View {
  const { name, domainId, parentId, description, enabled, tags, options, extra } = value
  return {
    ...extra,
    id,
    name,
    domain_id: domainId,
    parent_id: parentId ?? domainId,
    is_domain: false,
    description,
    enabled,
    tags,
    options: options ?? {},
    links: { self: `${url}/projects/${encodeURIComponent(id)}` },
  }
}

export function roleView({ id, value }: Pick<Entry<Role>, 'id' | 'value'>, url: string): View {
  const { name, description, domainId, options = {}, extra } = value
  const links = { self: `${url}/roles/${id}` }
  return { ...extra, id, name, domain_id: domainId ?? null, description: description || null, options, links }
}

export function domainView({ id, value }: Pick<Entry<Domain>, 'id' | 'value'>, url: string): View {
  const { name, description, enabled, tags, options = {}, extra } = value
  const links = { self: `${url}/domains/${encodeURIComponent(id)}` }
  return { ...extra, id, name, description, enabled, tags, options, links }
}

/** A domain is a project as well, which is in none (Identity API v3, "Projects", `is_domain`). */
export function domainAsProjectView(domain: Entry<Domain>, url: string): View {
  const links = { self: `${url}/projects/${encodeURIComponent(domain.id)}` }
  return { ...domainView(domain, url), is_domain: true, domain_id: null, parent_id: null, links }
}

export interface CredentialViewOptions {
  readonly userId: string
  readonly url: string
  readonly rules: readonly OwnedRule[]
  /** Only in the answer to its creation. */
  readonly secret?: string
}

export function applicationCredentialView(
  credential: ApplicationCredential,
  roles: readonly NamedRole[],
  { userId, url, secret, rules }: CredentialViewOptions,
): View {
  const { id, name, description, projectId, expiresAtMs, unrestricted } = credential
  return {
    id,
    name,
    description: description || null,
    project_id: projectId,
    user_id: userId,
    roles: roles.map((role) => ({ ...role, domain_id: null })),
    expires_at: expiresAtMs === undefined ? null : instant(expiresAtMs).slice(0, -1),
    unrestricted,
    system: null,
    access_rules: rules.map(accessRuleView),
    ...(secret === undefined ? {} : { secret }),
    links: { self: `${url}/users/${userId}/application_credentials/${id}` },
  }
}

export function accessRuleView({ id, service, method, path }: OwnedRule): View {
  return { id, path, service, method }
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
