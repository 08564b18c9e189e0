/** Stores of images elsewhere, each a table in a list of `[images]`: `swift_stores` and `s3_stores`. */
import { boolean, bytes, integer, oneOf, text, type ValueParser } from '#base/option-values.ts'
import { option } from '#base/options.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
const SWIFT = 'OpenStack Glance, Swift store'
const S3 = 'OpenStack Glance, S3 store'

const words = text({ leastLength: 1 })

const name: ValueParser<string> = (written) =>
  typeof written === 'string' && /^(?!os_glance_)[\w-]{1,64}$/.test(written)
    ? { kind: 'value', value: written }
    : { kind: 'expected', expected: 'a name of letters, digits, - and _' }

const url: ValueParser<string> = (written) =>
  typeof written === 'string' && /^https?:$/.test(URL.parse(written)?.protocol ?? '')
    ? { kind: 'value', value: written }
    : { kind: 'expected', expected: 'an http or https URL' }

const optionalText = (named: string, doc: string, source: string, secret = false) =>
  option<string | undefined>({ name: named, doc, parse: words, default: undefined, secret, source })

const named = {
  name: option({ name: 'name', doc: 'What requests call the store.', parse: name, source: 'decision' }),
  description: option({
    name: 'description',
    doc: 'What people are told of it.',
    parse: text(),
    default: '',
    source: 'OpenStack Glance store_description',
  }),
}

/** Who we are at a Swift or a registry elsewhere; for version 1 `user` is `ACCOUNT:USER`. */
export const remoteUser = {
  authVersion: option({
    name: 'auth_version',
    doc: "1 for Swift's own sign-in, 3 for Keystone.",
    parse: integer({ least: 1, most: 3 }),
    default: 3,
    source: `${SWIFT} auth_version`,
  }),
  user: optionalText('user', 'User; with version 1 ACCOUNT:USER.', `${SWIFT} user`),
  key: optionalText('key', 'Password or key of the user.', `${SWIFT} key`, true),
  userDomain: option({
    name: 'user_domain_name',
    doc: 'Domain of the user.',
    parse: words,
    default: 'Default',
    source: `${SWIFT} user_domain_name`,
  }),
  project: optionalText('project_name', 'Project whose account is used.', `${SWIFT} user`),
  projectDomain: option({
    name: 'project_domain_name',
    doc: 'Domain of the project.',
    parse: words,
    default: 'Default',
    source: `${SWIFT} project_domain_name`,
  }),
  applicationCredentialId: optionalText(
    'application_credential_id',
    'Application credential, instead of a user.',
    'OpenStack keystoneauth',
  ),
  applicationCredentialSecret: optionalText(
    'application_credential_secret',
    'Its secret.',
    'OpenStack keystoneauth',
    true,
  ),
  region: optionalText('region', 'Region of the service in the catalogue.', `${SWIFT} region`),
  interface: option<'public' | 'internal' | 'admin'>({
    name: 'endpoint_type',
    doc: 'Which address of the catalogue is used.',
    parse: oneOf(['public', 'internal', 'admin']),
    default: 'public',
    source: `${SWIFT} swift_store_endpoint_type`,
  }),
}

/** A registry that `glance-download` fetches from. */
export const glanceRegion = {
  name: option({
    name: 'name',
    doc: 'What requests call the region.',
    parse: words,
    source: 'OpenStack Glance, glance-download',
  }),
  url: option<string | undefined>({
    name: 'url',
    doc: 'Where its Images API is (https://other.example/image); by default where the catalogue says.',
    parse: url,
    default: undefined,
    source: 'decision',
  }),
  authUrl: option<string | undefined>({
    name: 'auth_url',
    doc: 'Where to sign in; without it the token of whoever imports is shown.',
    parse: url,
    default: undefined,
    source: 'decision',
  }),
  ...remoteUser,
}

export const swiftStore = {
  ...named,
  authUrl: option({
    name: 'auth_url',
    doc: 'Where to sign in: http://host:8080/auth/v1.0, or a Keystone.',
    parse: url,
    source: `${SWIFT} auth_address`,
  }),
  ...remoteUser,
  container: option({
    name: 'container',
    doc: 'Container of the images.',
    parse: words,
    default: 'glance',
    source: `${SWIFT} swift_store_container`,
  }),
  create: option({
    name: 'create_container_on_put',
    doc: 'Make the container when it is missing.',
    parse: boolean,
    default: false,
    source: `${SWIFT} swift_store_create_container_on_put`,
  }),
  largeObjectBytes: option({
    name: 'large_object_size',
    doc: 'Longer images, and those whose length is not known, are kept in segments.',
    unit: 'bytes',
    parse: bytes,
    default: GIB,
    source: `${SWIFT} large_object_size (5120 MB there: a long upload that breaks is begun anew)`,
  }),
  segmentBytes: option({
    name: 'large_object_chunk_size',
    doc: 'Length of the first segments; later ones are longer.',
    unit: 'bytes',
    parse: bytes,
    default: 200 * MIB,
    source: `${SWIFT} large_object_chunk_size`,
  }),
}

export const s3Store = {
  ...named,
  url: option({
    name: 'url',
    doc: 'Address of the S3, without the bucket.',
    parse: url,
    source: `${S3} s3_store_host`,
  }),
  bucket: option({
    name: 'bucket',
    doc: 'Bucket of the images.',
    parse: words,
    source: `${S3} s3_store_bucket`,
  }),
  urlFormat: option<'path' | 'virtual'>({
    name: 'bucket_url_format',
    doc: 'Whether the bucket is named in the path or in the host.',
    parse: oneOf(['path', 'virtual']),
    default: 'path',
    source: `${S3} s3_store_bucket_url_format`,
  }),
  accessKey: option({
    name: 'access_key',
    doc: 'Who we are there.',
    parse: words,
    source: `${S3} s3_store_access_key`,
  }),
  secretKey: option({
    name: 'secret_key',
    doc: 'The secret of the key.',
    parse: words,
    secret: true,
    source: `${S3} s3_store_secret_key`,
  }),
  region: option({
    name: 'region',
    doc: 'Region that signatures name.',
    parse: words,
    default: 'us-east-1',
    source: `${S3} s3_store_region_name`,
  }),
  prefix: option({
    name: 'prefix',
    doc: 'In front of the name of each object.',
    parse: text(),
    default: '',
    source: 'decision',
  }),
  create: option({
    name: 'create_bucket_on_put',
    doc: 'Make the bucket when it is missing.',
    parse: boolean,
    default: false,
    source: `${S3} s3_store_create_bucket_on_put`,
  }),
  partBytes: option({
    name: 'large_object_chunk_size',
    doc: 'Length of the first parts of an upload; a few are held in memory.',
    unit: 'bytes',
    parse: bytes,
    default: 16 * MIB,
    source: `${S3} s3_store_large_object_chunk_size (10 MiB there)`,
  }),
}
