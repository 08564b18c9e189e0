/**
 * Paths cut into segments as OpenStack Swift does it (`common/utils`: `split_path`). The path is decoded first and
 * cut afterwards, so `%2F` separates like a slash.
 */
import { decodePercent } from '#base/names.ts'

export interface PathShape {
  /** Segments that must be there and not be empty. */
  readonly least: number
  /** Segments there may be. */
  readonly most: number
  /** What a slash in the last segment means: more of that segment (object names), or a path that is too long. */
  readonly last: 'takes_rest' | 'single'
}

export type SplitPath =
  /** `most` of them; `undefined` where the path was shorter. */
  | { readonly kind: 'path'; readonly segments: readonly (string | undefined)[] }
  /** Too few or too many segments, or an empty one. */
  | { readonly kind: 'bad_path' }
  /** The decoded bytes are not UTF-8. */
  | { readonly kind: 'bad_utf8' }

/** `/v1/AUTH_test/c/o`: version, account, container, object. */
export const API_PATH: PathShape = { least: 1, most: 4, last: 'takes_rest' }
/** `/sda1/7/AUTH_test/c/o`: device, partition, account, container, object. */
export const BACKEND_PATH: PathShape = { least: 2, most: 5, last: 'takes_rest' }

/** Cuts the percent-encoded path of a request. */
export function splitPath(encodedPath: string, shape: PathShape): SplitPath {
  const path = decodePercent(encodedPath)
  if (path === undefined) return { kind: 'bad_utf8' }
  const pieces = cut(path, shape)
  if (pieces === undefined) return { kind: 'bad_path' }
  const [before, ...segments] = pieces
  if (before !== '' || segments.length < shape.least) return { kind: 'bad_path' }
  if (segments.slice(0, shape.least).includes('')) return { kind: 'bad_path' }
  return { kind: 'path', segments: Array.from({ length: shape.most }, (_, at) => segments[at]) }
}

function cut(path: string, shape: PathShape): string[] | undefined {
  const pieces = path.split('/')
  const most = shape.most + 1
  if (pieces.length <= most) return pieces
  if (shape.last === 'takes_rest') return [...pieces.slice(0, most - 1), pieces.slice(most - 1).join('/')]
  // One slash at the end is forgiven.
  const isTrailingSlash = pieces.length === most + 1 && pieces[most] === ''
  return isTrailingSlash ? pieces.slice(0, most) : undefined
}
