/** A token as its owner and validating services see it (Identity API v3, "Validate and show information for token"). */
import { catalogue } from './catalogue.ts'
import type { Identified } from './identified.ts'
import type { Claims } from './identity-tokens.ts'
import { DEFAULT_DOMAIN } from './model/domain.ts'
import { instant } from './views.ts'
import type { Visit } from './visit.ts'

const DOMAIN = { id: DEFAULT_DOMAIN.id, name: DEFAULT_DOMAIN.name }

export function tokenView(
  { claims, identified }: { readonly claims: Claims; readonly identified: Identified },
  visit: Visit,
): Readonly<Record<string, unknown>> {
  const { user, applicationCredential } = identified
  return {
    token: {
      methods: claims.methods,
      user: { domain: DOMAIN, id: user.id, name: user.value.name, password_expires_at: null },
      audit_ids: claims.auditIds,
      expires_at: instant(claims.expiresAtSeconds * 1000),
      issued_at: instant(claims.issuedAtMs),
      ...scopeView(identified),
      ...catalogueView(identified, visit),
      ...(applicationCredential === undefined
        ? {}
        : {
            application_credential: {
              id: applicationCredential.id,
              name: applicationCredential.name,
              restricted: !applicationCredential.unrestricted,
            },
          }),
    },
  }
}

function scopeView({ scope, project, roles }: Identified): object {
  switch (scope.kind) {
    case 'unscoped':
      return {}
    case 'project':
      return {
        project: { domain: DOMAIN, id: project?.id, name: project?.value.name },
        is_domain: false,
        roles,
      }
    case 'domain':
      return { domain: DOMAIN, roles }
    case 'system':
      return { system: { all: true }, roles }
  }
}

function catalogueView({ scope, project }: Identified, { query, hostUrl, parts }: Visit): object {
  if (scope.kind === 'unscoped' || query.has('nocatalog')) return {}
  return { catalog: catalogue({ ...parts, hostUrl }, project?.id) }
}
