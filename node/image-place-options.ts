/** Options of where images are kept besides the cluster, and come from; part of `[images]`. */
import { boolean, bytes, duration, listOf, path, text } from '#base/option-values.ts'
import { type OptionsOf, option, tableOf } from '#base/options.ts'
import { CLUSTER_STORE } from '#images/data/cluster-store.ts'
import { glanceRegion, s3Store, swiftStore } from './image-store-options.ts'

const OURS = 'decision'

export const imagePlaces = {
  swiftStores: option<readonly OptionsOf<typeof swiftStore>[]>({
    name: 'swift_stores',
    doc: 'Swifts elsewhere that are stores of images, each a table: docs/images.md, "Stores".',
    parse: listOf(tableOf(swiftStore)),
    default: [],
    secret: true,
    source: 'OpenStack Glance enabled_backends, Swift store',
  }),
  s3Stores: option<readonly OptionsOf<typeof s3Store>[]>({
    name: 's3_stores',
    doc: 'S3s elsewhere that are stores of images, each a table: docs/images.md, "Stores".',
    parse: listOf(tableOf(s3Store)),
    default: [],
    secret: true,
    source: 'OpenStack Glance enabled_backends, S3 store',
  }),
  glanceRegions: option<readonly OptionsOf<typeof glanceRegion>[]>({
    name: 'glance_regions',
    doc: 'Other registries, each a table; with any, images are imported from them by glance-download: docs/images.md.',
    parse: listOf(tableOf(glanceRegion)),
    default: [],
    secret: true,
    source: 'OpenStack Glance, glance-download',
  }),
  defaultStore: option({
    name: 'default_backend',
    doc: 'Store of images that name none.',
    parse: text({ leastLength: 1 }),
    default: CLUSTER_STORE,
    source: 'OpenStack Glance default_backend',
  }),
  cache: option({
    name: 'image_cache',
    doc: 'Keep copies in the cluster of images that are downloaded from stores elsewhere.',
    parse: boolean,
    default: false,
    source: 'OpenStack Glance image_cache_dir',
  }),
  cacheBytes: option({
    name: 'image_cache_max_size',
    doc: 'Bytes of such copies, over which those used longest ago go.',
    unit: 'bytes',
    parse: bytes,
    default: 10 * 1024 ** 3,
    source: 'OpenStack Glance image_cache_max_size',
  }),
  cacheStallMs: option({
    name: 'image_cache_stall_time',
    doc: 'How long a copy may be asked for and not come by, before it is forgotten when the cache is cleaned.',
    unit: 'seconds',
    parse: duration,
    default: 86_400_000,
    source: 'OpenStack Glance image_cache_stall_time',
  }),
  storeTimeoutMs: option({
    name: 'store_timeout',
    doc: 'Longest silence of a store elsewhere.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: OURS,
  }),
  storeTlsAuthority: option<string | undefined>({
    name: 'store_tls_authority',
    doc: 'File with the authority (PEM) that signed the certificates of stores elsewhere; those of the system by default.',
    parse: path,
    default: undefined,
    source: 'OpenStack Glance swift_store_cacert',
  }),
}
