/** Options of tokens from OpenStack Keystone, `[keystone]`. */
import { duration, listOf, oneOf, text } from '#base/option-values.ts'
import { option } from '#base/options.ts'
import { signInOptions } from './keystone-sign-in-options.ts'

const AUTHTOKEN = 'OpenStack keystonemiddleware'
const KEYSTONEAUTH = 'OpenStack Swift keystoneauth'

export const keystone = {
  url: option<string | undefined>({
    name: 'url',
    doc: 'Address of Keystone (http://host:5000). With it, its tokens are accepted.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: `${AUTHTOKEN} auth_url`,
  }),
  publicUrl: option<string | undefined>({
    name: 'www_authenticate_uri',
    doc: 'Address of Keystone as clients know it, told with every 401; that of `url` by default.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: `${AUTHTOKEN} www_authenticate_uri`,
  }),
  ...signInOptions({
    user: 'User that may validate tokens, one of the role admin or service.',
    source: AUTHTOKEN,
  }),
  timeoutMs: option({
    name: 'timeout',
    doc: 'Longest time that Keystone may take over one answer; then the client is told 503.',
    unit: 'seconds',
    parse: duration,
    default: 5_000,
    source: `decision: a client is not kept waiting; ${AUTHTOKEN} http_connect_timeout has none`,
  }),
  cacheMs: option({
    name: 'token_cache_time',
    doc: 'How long a validation is believed. A token that was revoked may be good so much longer.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: `decision: as account information; ${AUTHTOKEN} token_cache_time is 300`,
  }),
  resellerPrefixes: option<readonly string[]>({
    name: 'reseller_prefix',
    doc: 'What the accounts of projects begin with; the id of the project follows.',
    parse: listOf(text()),
    default: ['AUTH_'],
    source: `${KEYSTONEAUTH} reseller_prefix`,
  }),
  operatorRoles: option<readonly string[]>({
    name: 'operator_roles',
    doc: 'Roles that own the account of their project.',
    parse: listOf(text({ leastLength: 1 })),
    default: ['admin', 'swiftoperator'],
    source: `${KEYSTONEAUTH} operator_roles`,
  }),
  serviceRoles: option<readonly string[]>({
    name: 'service_roles',
    doc: 'Roles of which a service must have one (X-Service-Token) before an operator owns the account; none by default.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: `${KEYSTONEAUTH} service_roles`,
  }),
  projectReaderRoles: option<readonly string[]>({
    name: 'project_reader_roles',
    doc: 'Roles that read everything in the account of their project.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: `${KEYSTONEAUTH} project_reader_roles`,
  }),
  prefixRoles: option<readonly string[]>({
    name: 'prefix_roles',
    doc: 'Roles of one prefix, in place of those above: `SERVICE_ service_roles=service operator_roles=admin|member`.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: `${KEYSTONEAUTH} SERVICE_service_roles and its like`,
  }),
  resellerAdminRole: option({
    name: 'reseller_admin_role',
    doc: 'Role that owns every account.',
    parse: text({ leastLength: 1 }),
    default: 'ResellerAdmin',
    source: `${KEYSTONEAUTH} reseller_admin_role`,
  }),
  systemReaderRoles: option<readonly string[]>({
    name: 'system_reader_roles',
    doc: 'Roles that read every account.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: `${KEYSTONEAUTH} system_reader_roles`,
  }),
  serviceTokenRoles: option<readonly string[]>({
    name: 'service_token_roles',
    doc: 'Roles of which a service must have one to go on for a user whose token has expired.',
    parse: listOf(text({ leastLength: 1 })),
    default: ['service'],
    source: `${AUTHTOKEN} service_token_roles`,
  }),
  defaultDomainId: option({
    name: 'default_domain_id',
    doc: 'Domain in which names are unique: access lists with names count only there.',
    parse: text({ leastLength: 1 }),
    default: 'default',
    source: `${KEYSTONEAUTH} default_domain_id`,
  }),
  namesInAcls: option<'allowed' | 'ignored'>({
    name: 'names_in_acls',
    doc: 'Whether access lists may designate by names at all, or by ids only.',
    parse: oneOf(['allowed', 'ignored']),
    default: 'allowed',
    source: `${KEYSTONEAUTH} allow_names_in_acls`,
  }),
}
