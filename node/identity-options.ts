/** Options of the identity service, `[identity]`. */
import { boolean, duration, integer, text } from '#base/option-values.ts'
import { option } from '#base/options.ts'

const OURS = 'decision'

export const identity = {
  enabled: option({
    name: 'enabled',
    doc: 'Serves the Identity API v3 at /identity/v3, and keeps users in the cluster. Off where [keystone] names a Keystone.',
    parse: boolean,
    default: true,
    source: OURS,
  }),
  region: option({
    name: 'region',
    doc: 'Region of the endpoints in the catalogue.',
    parse: text({ leastLength: 1 }),
    default: 'RegionOne',
    source: 'OpenStack Keystone, its installation guides',
  }),
  lockoutFailures: option({
    name: 'lockout_failures',
    doc: 'Wrong passwords of one user from one address, or ten times as many from everywhere, after which attempts are refused for a while; 0 for never.',
    unit: 'attempts',
    parse: integer({ least: 0, most: 1_000_000 }),
    default: 10,
    source: 'decision: OpenStack Keystone [security_compliance] lockout_failure_attempts is off',
  }),
  lockoutMs: option({
    name: 'lockout_duration',
    doc: 'How long they are refused, counted from the last wrong one.',
    unit: 'seconds',
    parse: duration,
    default: 300_000,
    source: 'decision: OpenStack Keystone [security_compliance] lockout_duration is 1800',
  }),
  passwordLifeMs: option({
    name: 'password_life',
    doc: 'How long a password is good after it was set; then it can only be changed. 0 for ever.',
    unit: 'seconds',
    parse: duration,
    default: 0,
    source: 'OpenStack Keystone [security_compliance] password_expires_days is off',
  }),
}
