/** The order of a list: `sort=name:asc,size`, or `sort_key` and `sort_dir`, repeated (OpenStack Glance, `api/v2/images.py`). */
import type { ImageRecord } from '../model/image-record.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { type Parameters, valueOf, valuesOf } from './parameters.ts'

/** A total order: any two images differ in it. */
export interface ImageOrder {
  /** The same name always means the same order. */
  readonly name: string
  readonly compare: Comparison
}

type Comparison = (left: ImageRecord, right: ImageRecord) => number

type SortKey = (image: ImageRecord) => string | number | null
type Direction = 'asc' | 'desc'

const SORT_KEYS: Readonly<Record<string, SortKey>> = {
  name: ({ name }) => name,
  status: ({ status }) => status,
  container_format: ({ containerFormat }) => containerFormat,
  disk_format: ({ diskFormat }) => diskFormat,
  size: ({ sizeBytes }) => sizeBytes,
  id: ({ id }) => id,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
}

interface Sorting {
  readonly keys: readonly string[]
  readonly directions: readonly string[]
}

/** Ties are broken by `created_at` and `id`, so that pages never overlap. */
export function imageOrder(parameters: Parameters): ImageOrder | Refusal {
  const sorting = valueOf(parameters, 'sort') === undefined ? classic(parameters) : compact(parameters)
  if (sorting instanceof Refusal) return sorting
  const { keys, directions } = sorting
  const wrongKey = keys.find((key) => !Object.hasOwn(SORT_KEYS, key))
  if (wrongKey !== undefined) {
    const available = Object.keys(SORT_KEYS).join(', ')
    return badRequest(`Invalid sort key: ${wrongKey}. It must be one of the following: ${available}.`)
  }
  const wrongDirection = directions.find((direction) => direction !== 'asc' && direction !== 'desc')
  if (wrongDirection !== undefined) return badRequest(`Invalid sort direction: ${wrongDirection}`)
  return orderBy(keys, directions as readonly Direction[])
}

function compact(parameters: Parameters): Sorting | Refusal {
  if (valueOf(parameters, 'sort_key') !== undefined || valueOf(parameters, 'sort_dir') !== undefined) {
    return badRequest('Old and new sorting syntax cannot be combined')
  }
  const pieces = (valueOf(parameters, 'sort') ?? '').trim().split(',')
  const pairs = pieces.map((piece) => /^([^:]*)(?::(.*))?$/.exec(piece) ?? [piece, piece, undefined])
  return {
    keys: pairs.map(([, key = '']) => key.trim()),
    directions: pairs.map(([, , direction]) =>
      direction === undefined || direction === '' ? 'desc' : direction.trim(),
    ),
  }
}

function classic(parameters: Parameters): Sorting | Refusal {
  const keys = valuesOf(parameters, 'sort_key').map((key) => key.trim())
  const directions = valuesOf(parameters, 'sort_dir').map((direction) => direction.trim())
  if (directions.length > 1 && directions.length !== keys.length) {
    return badRequest('Number of sort dirs does not match the number of sort keys')
  }
  return {
    keys: keys.length === 0 ? ['created_at'] : keys,
    directions: directions.length === 0 ? ['desc'] : directions,
  }
}

function orderBy(keys: readonly string[], directions: readonly Direction[]): ImageOrder {
  const only = directions.length === 1 ? (directions[0] as Direction) : undefined
  const written = keys.map((key, at) => [key, only ?? directions[at] ?? 'desc'] as const)
  const ties = ['created_at', 'id'].filter((key) => !keys.includes(key))
  const all = [...written, ...ties.map((key) => [key, only ?? 'desc'] as const)]
  return { name: all.map((pair) => pair.join(':')).join(','), compare: comparing(all.map(step)) }
}

function comparing(steps: readonly Comparison[]): Comparison {
  return (left, right) => {
    for (const compare of steps) {
      const order = compare(left, right)
      if (order !== 0) return order
    }
    return 0
  }
}

function step([key, direction]: readonly [string, Direction]): Comparison {
  const of = SORT_KEYS[key] as SortKey
  const sign = direction === 'asc' ? 1 : -1
  return (left, right) => sign * compareValues(of(left), of(right))
}

/** What has no value comes before what has one. */
function compareValues(left: string | number | null, right: string | number | null): number {
  if (left === right) return 0
  if (left === null) return -1
  if (right === null) return 1
  return left < right ? -1 : 1
}
