/**
 * The part of JSON Schema that the Images API uses, for telling clients what is what and for checking what they send. A
 * schema is data; `violation` says in one sentence what does not fit.
 */
export type JsonType = 'null' | 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'

export interface JsonSchema {
  readonly type?: JsonType | readonly JsonType[]
  readonly description?: string
  readonly readOnly?: boolean
  readonly writeOnly?: boolean
  /** `false`: not one of the image's own properties, though described. */
  readonly is_base?: boolean
  readonly enum?: readonly (string | null)[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly default?: unknown
  readonly format?: string
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
}

/** What is wrong with the value, and where; `undefined` when it fits. */
export function violation(value: unknown, schema: JsonSchema, where = ''): string | undefined {
  return (
    wrongType(value, schema, where) ??
    (typeof value === 'string' ? wrongText(value, schema, where) : undefined) ??
    (typeof value === 'number' ? wrongNumber(value, schema, where) : undefined) ??
    wrongChoice(value, schema, where) ??
    (Array.isArray(value) ? wrongItems(value as readonly unknown[], schema, where) : undefined) ??
    (isObject(value) ? wrongMembers(value, schema, where) : undefined)
  )
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typesOf({ type }: JsonSchema): readonly JsonType[] {
  if (type === undefined) return []
  return typeof type === 'string' ? [type] : type
}

function wrongType(value: unknown, schema: JsonSchema, where: string): string | undefined {
  const types = typesOf(schema)
  if (types.length === 0 || types.some((type) => isOfType(value, type))) return undefined
  return `${shown(value)} is not of type ${types.map((type) => `'${type}'`).join(', ')}${at(where)}`
}

function isOfType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'integer':
      return Number.isInteger(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
  }
}

function wrongText(value: string, schema: JsonSchema, where: string): string | undefined {
  const length = characters(value)
  if (schema.maxLength !== undefined && length > schema.maxLength)
    return `${shown(value)} is too long${at(where)}`
  if (schema.minLength !== undefined && length < schema.minLength)
    return `${shown(value)} is too short${at(where)}`
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return `${shown(value)} does not match '${schema.pattern}'${at(where)}`
  }
  return undefined
}

/** Code points, which is what lengths of JSON Schema count. */
export function characters(text: string): number {
  return Array.from(text).length
}

function wrongNumber(value: number, { minimum, maximum }: JsonSchema, where: string): string | undefined {
  if (minimum !== undefined && value < minimum)
    return `${value} is less than the minimum of ${minimum}${at(where)}`
  if (maximum !== undefined && value > maximum)
    return `${value} is greater than the maximum of ${maximum}${at(where)}`
  return undefined
}

function wrongChoice(value: unknown, schema: JsonSchema, where: string): string | undefined {
  if (schema.enum === undefined || schema.enum.includes(value as string)) return undefined
  return `${shown(value)} is not one of ${schema.enum.map((one) => one ?? 'null').join(', ')}${at(where)}`
}

function wrongItems(items: readonly unknown[], schema: JsonSchema, where: string): string | undefined {
  if (schema.maxItems !== undefined && items.length > schema.maxItems) return `too many items${at(where)}`
  if (schema.items === undefined) return undefined
  for (const [index, item] of items.entries()) {
    const wrong = violation(item, schema.items, `${where}[${index}]`)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function wrongMembers(
  members: Readonly<Record<string, unknown>>,
  schema: JsonSchema,
  where: string,
): string | undefined {
  const missing = schema.required?.find((name) => !Object.hasOwn(members, name))
  if (missing !== undefined) return `'${missing}' is a required property${at(where)}`
  for (const [name, value] of Object.entries(members)) {
    const member = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined
    const other = member ?? schema.additionalProperties
    if (other === false) return `Additional properties are not allowed ('${name}' was unexpected)${at(where)}`
    const wrong =
      typeof other === 'object'
        ? violation(value, other, where === '' ? name : `${where}.${name}`)
        : undefined
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function at(where: string): string {
  return where === '' ? '' : `: ${where}`
}

/** Longest excerpt of what a client sent that is sent back, characters. */
const SHOWN_LENGTH = 100

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
