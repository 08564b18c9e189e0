/** What can be set about the image registry. Names and defaults are OpenStack Glance's where it has the same. */
import type { ImportPlugin } from './conversion/import-plugins.ts'
import type { TargetFormat } from './conversion/qemu-converter.ts'
import { DEFAULT_FETCH_RULES, type FetchRules } from './import/address-rules.ts'
import { DEFAULT_LIMITS, type ImageLimits } from './limits.ts'

export const IMPORT_METHODS = ['glance-direct', 'web-download', 'glance-download', 'copy-image'] as const
export type ImportMethod = (typeof IMPORT_METHODS)[number]

/** Copies in the cluster of images that are elsewhere. */
export interface ImageCacheOptions {
  /** Over which those used longest ago go. */
  readonly maxBytes: number
  /** How long a copy may be asked for and not come by, milliseconds. */
  readonly stallMs: number
}

export interface ImageOptions {
  readonly limits: ImageLimits
  readonly importMethods: readonly ImportMethod[]
  /** Where `web-download` may fetch from (`import_filtering_opts`). */
  readonly fetchRules: FetchRules
  /** What is done to images that are imported (`image_import_plugins`, `[image_conversion] output_format`). */
  readonly imports: { readonly plugins: readonly ImportPlugin[]; readonly outputFormat: TargetFormat }
  /** Places are shown to everybody who sees the image (`show_multiple_locations`, `show_image_direct_url`). */
  readonly locations: 'shown' | 'hidden'
  /** Bytes that do not fit the declared format are refused, or only told of in the log (`require_image_format_match`). */
  readonly formatMatch: 'required' | 'logged'
  /** Blocks of new images that others have, too, are stored once (`blocks/`), or each image is stored apart. */
  readonly sharesBlocks: 'shared' | 'apart'
  /** Without it there is no cache. */
  readonly cache: ImageCacheOptions | undefined
  /** Origins whose pages may talk to the registry; `*` for all. */
  readonly corsAllowOrigin: readonly string[]
  /** What the names of our own users' accounts begin with, before the tenant. */
  readonly accountPrefixes: readonly string[]
}

export const DEFAULT_IMAGE_OPTIONS: ImageOptions = {
  limits: DEFAULT_LIMITS,
  importMethods: ['glance-direct', 'web-download', 'copy-image'],
  fetchRules: DEFAULT_FETCH_RULES,
  imports: { plugins: [], outputFormat: 'raw' },
  locations: 'hidden',
  formatMatch: 'required',
  sharesBlocks: 'apart',
  cache: undefined,
  corsAllowOrigin: [],
  accountPrefixes: ['AUTH_'],
}
