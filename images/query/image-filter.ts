/** What the parameters of a list ask of an image, as a predicate (OpenStack Glance, `db/sqlalchemy/api.py`). Pure. */
import type { ImageRecord } from '../model/image-record.ts'
import { isoSeconds } from '../model/image-view.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { parseIsoTime, splitList, splitOperator } from './filter-value.ts'

export type ImagePredicate = (image: ImageRecord) => boolean

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

/** The predicate of one parameter; 400 for a value that says nothing. */
export function imageFilter(name: string, written: string): ImagePredicate | Refusal {
  if (WITH_OPERATORS.has(name)) return wordFilter(name, written)
  const column = COLUMNS[name]
  if (column !== undefined) return (image) => column(image) === written
  const time = TIMES[name]
  if (time !== undefined) return timeFilter(name, time, written)
  const bound = /^(.*)_(min|max)$/.exec(name)
  if (bound !== null) return boundFilter(bound[1] as string, bound[2] as 'min' | 'max', written)
  const number = NUMBERS[name]
  if (number !== undefined) return (image) => String(number(image)) === written
  if (name === 'protected' || name === 'os_hidden') return flagFilter(name, written)
  return (image) => image.properties[name] === written
}

function wordFilter(name: string, written: string): ImagePredicate | Refusal {
  const column = COLUMNS[name] as (image: ImageRecord) => string | null
  const { operator, operand } = splitOperator(written)
  if (operator === 'eq') return (image) => column(image) === operand
  if (operator !== 'in') return badRequest(`Unable to filter by unknown operator '${operator}'.`)
  const list = splitList(operand)
  if (list instanceof Refusal) return list
  const values = new Set<string | null>(list)
  return (image) => values.has(column(image))
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
): ImagePredicate | Refusal {
  const { operator, operand } = splitOperator(written)
  const threshold = parseIsoTime(operand)
  if (threshold === undefined) {
    return badRequest(`Bad "${name}" query filter format. Use ISO 8601 DateTime notation.`)
  }
  const compare = COMPARISONS[operator]
  if (compare === undefined) return badRequest('Unable to filter on an unknown operator.')
  return (image) => compare(Date.parse(isoSeconds(time(image))), threshold)
}

function boundFilter(name: string, bound: 'min' | 'max', written: string): ImagePredicate | Refusal {
  const value = NUMBERS[name]
  if (value === undefined) return badRequest(`Unable to filter on a range of '${name}'.`)
  if (!/^\s*[+-]?\d+\s*$/.test(written)) {
    return badRequest('Unable to filter on a range with a non-numeric value.')
  }
  const threshold = Number(written)
  return (image) => {
    const number = value(image)
    return number !== null && (bound === 'min' ? number >= threshold : number <= threshold)
  }
}

function flagFilter(name: 'protected' | 'os_hidden', written: string): ImagePredicate | Refusal {
  const wanted = readFlag(written)
  if (wanted === undefined) {
    return badRequest(`Invalid value '${written}' for '${name}' filter. Valid values are 'true' or 'false'.`)
  }
  return (image) => (name === 'protected' ? image.isProtected : image.isHidden) === wanted
}

/** Lower case only, as the API has it. */
export function readFlag(written: string): boolean | undefined {
  if (written === 'true') return true
  return written === 'false' ? false : undefined
}
