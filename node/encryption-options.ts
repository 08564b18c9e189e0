/** Options of encryption at rest, `[encryption]`. */
import { boolean, listOf, path, text } from '#base/option-values.ts'
import { option } from '#base/options.ts'

export const encryption = {
  keymasterFile: option<string | undefined>({
    name: 'keymaster_config_path',
    doc: 'File with the root secrets, in the form of keymaster.conf. With it, or with root_secrets, objects are encrypted.',
    parse: path,
    default: undefined,
    source: 'OpenStack Swift keymaster_config_path',
  }),
  rootSecrets: option<readonly string[]>({
    name: 'root_secrets',
    doc: 'Root secrets in place of the file, each `ID BASE64` (32 bytes or more), or `BASE64` for the one without an id.',
    parse: listOf(text({ leastLength: 1 })),
    secret: true,
    default: [],
    source: 'OpenStack Swift encryption_root_secret',
  }),
  activeRootSecretId: option({
    name: 'active_root_secret_id',
    doc: 'Id of the secret of root_secrets under which is written; empty for that without an id.',
    parse: text(),
    default: '',
    source: 'OpenStack Swift active_root_secret_id',
  }),
  disableEncryption: option({
    name: 'disable_encryption',
    doc: 'What is written stays in the clear; what is encrypted can be read.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift disable_encryption',
  }),
}
