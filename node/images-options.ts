/** Options of the image registry, `[images]`. */

import {
  boolean,
  bytes,
  duration,
  integer,
  listOf,
  oneOf,
  port,
  text,
  type ValueParser,
} from '#base/option-values.ts'
import { type OptionsOf, option } from '#base/options.ts'
import { IMPORT_PLUGINS } from '#images/conversion/import-plugins.ts'
import { DEFAULT_IMAGE_OPTIONS, IMPORT_METHODS, type ImageOptions } from '#images/options.ts'
import { imagePlaces } from './image-place-options.ts'

const { limits } = DEFAULT_IMAGE_OPTIONS
const OURS = 'decision'

const quota = (name: string, what: string, byDefault: number) =>
  option({
    name,
    doc: `Most ${what} of an image; negative for any number.`,
    parse: integer({ least: -1 }),
    default: byDefault,
    source: `OpenStack Glance ${name}`,
  })

const GLANCE_DOWNLOAD: ImageOptions['importMethods'] = ['glance-download']

/** A name and a directory, such as `archive=/srv/images`. */
function fileStore(written: unknown): ReturnType<ValueParser<string>> {
  const isOne = typeof written === 'string' && /^[\w-]{1,64}=\/./.test(written)
  return isOne ? { kind: 'value', value: written } : { kind: 'expected', expected: 'written NAME=/DIRECTORY' }
}

export const images = {
  enabled: option({
    name: 'enabled',
    doc: 'Serve the Images API at /image.',
    parse: boolean,
    default: true,
    source: OURS,
  }),
  imageSizeBytes: option({
    name: 'image_size_cap',
    doc: 'Largest image.',
    unit: 'bytes',
    parse: bytes,
    default: limits.imageSizeBytes,
    source: 'OpenStack Glance image_size_cap',
  }),
  properties: quota('image_property_quota', 'custom properties', limits.properties),
  tags: quota('image_tag_quota', 'tags', limits.tags),
  members: quota('image_member_quota', 'members', limits.members),
  locations: quota('image_location_quota', 'locations', limits.locations),
  projectBytes: option({
    name: 'user_storage_quota',
    doc: 'Bytes that the images of one project may have together; 0 for any number.',
    unit: 'bytes',
    parse: bytes,
    default: limits.projectBytes,
    source: 'OpenStack Glance user_storage_quota',
  }),
  projectStagedBytes: option({
    name: 'image_stage_total',
    doc: 'Bytes that one project may have staged for import; 0 for any number.',
    unit: 'bytes',
    parse: bytes,
    default: limits.projectStagedBytes,
    source: 'OpenStack Glance, unified limits',
  }),
  projectImages: option({
    name: 'image_count_total',
    doc: 'Images that one project may have; 0 for any number.',
    parse: integer({ least: 0 }),
    default: limits.projectImages,
    source: 'OpenStack Glance, unified limits',
  }),
  projectUploads: option({
    name: 'image_count_uploading',
    doc: 'Images of one project whose bytes may be coming in at once; 0 for any number.',
    parse: integer({ least: 0 }),
    default: limits.projectUploads,
    source: 'OpenStack Glance, unified limits',
  }),
  pageDefault: option({
    name: 'limit_param_default',
    doc: 'Images of a page when the client does not say.',
    parse: integer({ least: 1 }),
    default: limits.pageDefault,
    source: 'OpenStack Glance limit_param_default',
  }),
  pageMost: option({
    name: 'api_limit_max',
    doc: 'Most images of a page.',
    parse: integer({ least: 1 }),
    default: limits.pageMost,
    source: 'OpenStack Glance api_limit_max',
  }),
  importMethods: option<ImageOptions['importMethods']>({
    name: 'enabled_import_methods',
    doc: 'How images may be imported.',
    parse: listOf(oneOf(IMPORT_METHODS)),
    default: DEFAULT_IMAGE_OPTIONS.importMethods,
    source: 'OpenStack Glance enabled_import_methods',
  }),
  allowedSchemes: option<readonly string[]>({
    name: 'allowed_schemes',
    doc: 'Schemes of URIs that web-download fetches.',
    parse: listOf(text({ leastLength: 1 })),
    default: DEFAULT_IMAGE_OPTIONS.fetchRules.allowedSchemes,
    source: 'OpenStack Glance import_filtering_opts',
  }),
  allowedHosts: option<readonly string[]>({
    name: 'allowed_hosts',
    doc: 'When there are any, web-download fetches from these hosts only; also when their addresses are private.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: 'OpenStack Glance import_filtering_opts',
  }),
  disallowedHosts: option<readonly string[]>({
    name: 'disallowed_hosts',
    doc: 'Hosts that web-download never fetches from; addresses that are not public are refused in any case.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: 'OpenStack Glance import_filtering_opts',
  }),
  allowedPorts: option<readonly number[]>({
    name: 'allowed_ports',
    doc: 'Ports that web-download fetches from.',
    parse: listOf(port),
    default: DEFAULT_IMAGE_OPTIONS.fetchRules.allowedPorts,
    source: 'OpenStack Glance import_filtering_opts',
  }),
  sharedBlocks: option({
    name: 'shared_blocks',
    doc: 'Blocks (about 3 MiB) that several images in the cluster have are stored once; costs uploads more.',
    parse: boolean,
    default: false,
    source: OURS,
  }),
  importPlugins: option<ImageOptions['imports']['plugins']>({
    name: 'image_import_plugins',
    doc: 'What is done to images that are imported: unpack what is compressed with gzip, convert disks to one format by qemu-img.',
    parse: listOf(oneOf(IMPORT_PLUGINS)),
    default: [],
    source: 'OpenStack Glance image_import_plugins',
  }),
  outputFormat: option<ImageOptions['imports']['outputFormat']>({
    name: 'output_format',
    doc: 'Format to which image_conversion converts.',
    parse: oneOf(['raw', 'qcow2', 'vmdk']),
    default: 'raw',
    source: 'OpenStack Glance [image_conversion] output_format',
  }),
  conversionDirectory: option({
    name: 'conversion_directory',
    doc: 'Where the files of a conversion lie meanwhile: as large as an image, twice.',
    parse: text({ leastLength: 1 }),
    default: '/var/tmp',
    source: 'OpenStack Glance node_staging_uri',
  }),
  conversionMs: option({
    name: 'conversion_timeout',
    doc: 'Longest conversion of an image.',
    unit: 'ms',
    parse: duration,
    default: 3_600_000,
    source: OURS,
  }),
  showLocations: option({
    name: 'show_multiple_locations',
    doc: 'Tell everybody who sees an image where its bytes are.',
    parse: boolean,
    default: false,
    source: 'OpenStack Glance show_multiple_locations',
  }),
  requireFormatMatch: option({
    name: 'require_image_format_match',
    doc: 'Refuse bytes that are not of the format that was declared; otherwise only log it. Dangerous ones are refused in any case.',
    parse: boolean,
    default: true,
    source: 'OpenStack Glance require_image_format_match',
  }),
  fileStores: option<readonly string[]>({
    name: 'file_stores',
    doc: 'Directories that are stores of images besides the cluster, each NAME=DIRECTORY; every proxy host must have the same.',
    parse: listOf(fileStore),
    default: [],
    source: 'OpenStack Glance enabled_backends, filesystem_store_datadir',
  }),
  ...imagePlaces,
  barbican: option<string | undefined>({
    name: 'barbican_endpoint',
    doc: 'Address of the key manager that has the certificates by which signed images are verified.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: 'OpenStack castellan barbican_endpoint',
  }),
  certificates: option<string | undefined>({
    name: 'certificates_directory',
    doc: 'Directory with the certificates, as ID.pem, ID.crt or ID.der, for installations without a key manager; every proxy host must have the same.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: OURS,
  }),
  webhook: option<string | undefined>({
    name: 'webhook',
    doc: 'Address to which it is posted what happens to images.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: OURS,
  }),
  corsAllowOrigin: option<readonly string[]>({
    name: 'cors_allow_origin',
    doc: 'Origins whose pages may use the registry from a browser; * for all.',
    parse: listOf(text()),
    default: [],
    source: 'OpenStack Glance [cors] allowed_origin',
  }),
}

/** The options as the registry takes them. */
export function imageOptionsOf(
  { images: written }: { readonly images: OptionsOf<typeof images> },
  accountPrefixes: readonly string[],
): ImageOptions {
  const { showLocations, requireFormatMatch, importMethods, glanceRegions, corsAllowOrigin } = written
  const { allowedSchemes, allowedHosts, disallowedHosts, allowedPorts } = written
  return {
    limits: written,
    importMethods:
      glanceRegions.length === 0 ? importMethods : [...new Set([...importMethods, ...GLANCE_DOWNLOAD])],
    fetchRules: { allowedSchemes, allowedHosts, disallowedHosts, allowedPorts },
    corsAllowOrigin,
    accountPrefixes,
    cache: written.cache ? { maxBytes: written.cacheBytes, stallMs: written.cacheStallMs } : undefined,
    imports: { plugins: written.importPlugins, outputFormat: written.outputFormat },
    locations: showLocations ? 'shown' : 'hidden',
    sharesBlocks: written.sharedBlocks ? 'shared' : 'apart',
    formatMatch: requireFormatMatch ? 'required' : 'logged',
  }
}
