/** A token as its owner and validating services see it (Identity API v3, "Validate and show information for token"). */
import type { UsedTrust } from './acting-by-trust.ts'
import { catalogueView, wholeCatalogue } from './catalogue.ts'
import { NOTHING_FURTHER } from './further-catalogue.ts'
import type { Identified, NamedDomain } from './identified.ts'
import type { Claims } from './identity-tokens.ts'
import { rulesOf } from './model/access-rules.ts'
import { accessRuleView, expiryView, instant } from './views.ts'
import type { Visit } from './visit.ts'

/** The catalogue is that of this cluster alone while what was added to it cannot be read. */
export async function tokenView(
  { claims, identified }: { readonly claims: Claims; readonly identified: Identified },
  visit: Visit,
): Promise<Readonly<Record<string, unknown>>> {
  const { user, userDomain, applicationCredential, trust } = identified
  return {
    token: {
      methods: claims.methods,
      user: {
        domain: domainIn(userDomain),
        id: user.id,
        name: user.value.name,
        password_expires_at: expiryView(user.value, visit.parts.passwordLifeMs),
      },
      audit_ids: claims.auditIds,
      expires_at: instant(claims.expiresAtSeconds * 1000),
      issued_at: instant(claims.issuedAtMs),
      ...scopeView(identified),
      ...(trust === undefined ? {} : { 'OS-TRUST:trust': trustView(trust) }),
      ...(await catalogueOf(identified, visit)),
      ...(applicationCredential === undefined
        ? {}
        : {
            application_credential: {
              id: applicationCredential.id,
              name: applicationCredential.name,
              restricted: !applicationCredential.unrestricted,
              ...rulesIn(identified),
            },
          }),
    },
  }
}

/** Only where there are some. */
function rulesIn({ user, applicationCredential }: Identified): object {
  const rules = rulesOf(user.value, applicationCredential)
  return rules === undefined ? {} : { access_rules: rules.map(accessRuleView) }
}

function trustView({ id, trustor, trustee, impersonation }: UsedTrust): object {
  return { id, trustor_user: { id: trustor.id }, trustee_user: { id: trustee.id }, impersonation }
}

function domainIn({ id, name }: NamedDomain): object {
  return { id, name }
}

function scopeView({ scope, project, scopeDomain, roles }: Identified): object {
  const domain = scopeDomain && domainIn(scopeDomain)
  switch (scope.kind) {
    case 'unscoped':
      return {}
    case 'project':
      return {
        project: { domain, id: project?.id, name: project?.value.name },
        is_domain: false,
        roles,
      }
    case 'trust':
      return { project: { domain, id: project?.id, name: project?.value.name }, roles }
    case 'domain':
      return { domain, roles }
    case 'system':
      return { system: { all: true }, roles }
  }
}

async function catalogueOf(
  { scope, project, user }: Identified,
  { query, hostUrl, parts, context }: Visit,
): Promise<object> {
  if (scope.kind === 'unscoped' || query.has('nocatalog')) return {}
  const further = await parts.furtherCatalogue.read(context)
  const added = further.kind === 'found' ? further.value : NOTHING_FURTHER
  const whole = wholeCatalogue({ ...parts, hostUrl }, added)
  return { catalog: catalogueView(whole, { projectId: project?.id, userId: user.id }) }
}
