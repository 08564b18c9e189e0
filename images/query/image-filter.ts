/** What the parameters of a list ask of an image, as a predicate (OpenStack Glance, `db/sqlalchemy/api.py`). Pure. */
import type { ImageRecord } from '../model/image-record.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { parseIsoTime, splitList, splitOperator } from './filter-value.ts'
import type { Narrowing } from './image-index.ts'

export type ImagePredicate = (image: ImageRecord) => boolean

export interface ImageFilter {
  readonly matches: ImagePredicate
  /** Where those that match can be looked up; all of them are among what it finds. */
  readonly narrowing?: Narrowing | undefined
}

/** What filters compare, by the name of the parameter. */
const COLUMNS: Readonly<Record<string, (image: ImageRecord) => string | null>> = {
  name: ({ name }) => name,
  id: ({ id }) => id,
  status: ({ status }) => status,
  container_format: ({ containerFormat }) => containerFormat,
  disk_format: ({ diskFormat }) => diskFormat,
  owner: ({ owner }) => owner,
  checksum: ({ checksum }) => checksum,
  os_hash_value: ({ hashValue }) => hashValue,
  os_hash_algo: ({ hashAlgorithm }) => hashAlgorithm,
}

const NUMBERS: Readonly<Record<string, (image: ImageRecord) => number | null>> = {
  size: ({ sizeBytes }) => sizeBytes,
  virtual_size: ({ virtualSizeBytes }) => virtualSizeBytes,
  min_ram: ({ minRam }) => minRam,
  min_disk: ({ minDisk }) => minDisk,
}

const TIMES: Readonly<Record<string, (image: ImageRecord) => number>> = {
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
}

/** Take lists and an explicit operator. */
const WITH_OPERATORS: ReadonlySet<string> = new Set([
  'name',
  'id',
  'status',
  'container_format',
  'disk_format',
])

/** The filter of one parameter; 400 for a value that says nothing. */
export function imageFilter(name: string, written: string): ImageFilter | Refusal {
  if (WITH_OPERATORS.has(name)) return wordFilter(name, written)
  const column = COLUMNS[name]
  if (column !== undefined) return valueFilter(name, column, [written])
  const time = TIMES[name]
  if (time !== undefined) return timeFilter(name, time, written)
  const bound = /^(.*)_(min|max)$/.exec(name)
  if (bound !== null) return boundFilter(bound[1] as string, bound[2] as 'min' | 'max', written)
  const number = NUMBERS[name]
  if (number !== undefined) return { matches: (image) => String(number(image)) === written }
  if (name === 'protected') return protectedFilter(written)
  return valueFilter(`property ${name}`, (image) => image.properties[name] ?? null, [written])
}

function valueFilter(
  attribute: string,
  valueOf: (image: ImageRecord) => string | null,
  among: readonly string[],
): ImageFilter {
  const values = new Set<string | null>(among)
  const [only] = among
  return {
    matches: values.size === 1 ? (image) => valueOf(image) === only : (image) => values.has(valueOf(image)),
    narrowing: { attribute, valuesOf: (image) => [valueOf(image)], among: [...values] },
  }
}

function wordFilter(name: string, written: string): ImageFilter | Refusal {
  const column = COLUMNS[name] as (image: ImageRecord) => string | null
  const { operator, operand } = splitOperator(written)
  if (operator === 'eq') return valueFilter(name, column, [operand])
  if (operator !== 'in') return badRequest(`Unable to filter by unknown operator '${operator}'.`)
  const list = splitList(operand)
  return list instanceof Refusal ? list : valueFilter(name, column, list)
}

/** Images with the tag. */
export function tagFilter(tag: string): ImageFilter {
  return {
    matches: ({ tags }) => tags.includes(tag),
    narrowing: { attribute: 'tag', valuesOf: ({ tags }) => tags, among: [tag] },
  }
}

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  gt: (value, threshold) => value > threshold,
  gte: (value, threshold) => value >= threshold,
  lt: (value, threshold) => value < threshold,
  lte: (value, threshold) => value <= threshold,
  eq: (value, threshold) => value === threshold,
  neq: (value, threshold) => value !== threshold,
}

/** Times are compared as they are shown, in whole seconds. */
function timeFilter(
  name: string,
  time: (image: ImageRecord) => number,
  written: string,
): ImageFilter | Refusal {
  const { operator, operand } = splitOperator(written)
  const threshold = parseIsoTime(operand)
  if (threshold === undefined) {
    return badRequest(`Bad "${name}" query filter format. Use ISO 8601 DateTime notation.`)
  }
  const compare = COMPARISONS[operator]
  if (compare === undefined) return badRequest('Unable to filter on an unknown operator.')
  return { matches: (image) => compare(Math.floor(time(image) / 1000) * 1000, threshold) }
}

function boundFilter(name: string, bound: 'min' | 'max', written: string): ImageFilter | Refusal {
  const value = NUMBERS[name]
  if (value === undefined) return badRequest(`Unable to filter on a range of '${name}'.`)
  if (!/^\s*[+-]?\d+\s*$/.test(written)) {
    return badRequest('Unable to filter on a range with a non-numeric value.')
  }
  const threshold = Number(written)
  const isWithin = (number: number): boolean => (bound === 'min' ? number >= threshold : number <= threshold)
  return {
    matches: (image) => {
      const number = value(image)
      return number !== null && isWithin(number)
    },
  }
}

function protectedFilter(written: string): ImageFilter | Refusal {
  const wanted = readFlag(written)
  if (wanted === undefined) {
    return badRequest(
      `Invalid value '${written}' for 'protected' filter. Valid values are 'true' or 'false'.`,
    )
  }
  return valueFilter('protected', ({ isProtected }) => String(isProtected), [String(wanted)])
}

/** Lower case only, as the API has it. */
export function readFlag(written: string): boolean | undefined {
  if (written === 'true') return true
  return written === 'false' ? false : undefined
}
