/** Options of an OpenStack Key Manager (Barbican) that holds the root secrets of encryption, `[key_manager]`. */
import { duration, listOf, text } from '#base/option-values.ts'
import { option } from '#base/options.ts'
import { signInOptions } from './keystone-sign-in-options.ts'

const KMS = 'OpenStack Swift kms_keymaster'
const word = text({ leastLength: 1 })

export const keyManager = {
  url: option<string | undefined>({
    name: 'url',
    doc: 'Address of the key manager (https://host:9311). With it the root secrets of encryption come from there.',
    parse: word,
    default: undefined,
    source: `${KMS} barbican_endpoint`,
  }),
  secrets: option<readonly string[]>({
    name: 'secrets',
    doc: 'UUIDs of the root secrets there, each `ID UUID`, or `UUID` for the one without an id.',
    parse: listOf(word),
    default: [],
    source: `${KMS} key_id`,
  }),
  active: option({
    name: 'active_root_secret_id',
    doc: 'Id of the secret under which is written; empty for that without an id.',
    parse: text(),
    default: '',
    source: `${KMS} active_root_secret_id`,
  }),
  authUrl: option<string | undefined>({
    name: 'auth_url',
    doc: 'Address of the Keystone whose tokens the key manager takes (https://host:5000).',
    parse: word,
    default: undefined,
    source: `${KMS} auth_endpoint`,
  }),
  ...signInOptions({ user: 'User that may read the secrets.', source: KMS }),
  timeoutMs: option({
    name: 'timeout',
    doc: 'Longest time that one answer may take.',
    unit: 'seconds',
    parse: duration,
    default: 5_000,
    source: 'decision: a process that starts is not kept waiting for ever',
  }),
}
