/** Schemas that bodies of requests about metadata definitions are checked against. */
import type { JsonSchema } from './json-schema.ts'

const NAME: JsonSchema = { type: 'string', maxLength: 80, minLength: 1 }
const TIMES: Readonly<Record<string, JsonSchema>> = {
  created_at: { type: 'string', readOnly: true, description: 'When it was made.', format: 'date-time' },
  updated_at: {
    type: 'string',
    readOnly: true,
    description: 'When it was last changed.',
    format: 'date-time',
  },
}
const PATHS: Readonly<Record<string, JsonSchema>> = { self: { type: 'string' }, schema: { type: 'string' } }

/** A property is described by a piece of JSON Schema. */
export const PROPERTY_BODY: JsonSchema = {
  type: 'object',
  required: ['title', 'type'],
  properties: {
    name: NAME,
    title: { type: 'string' },
    description: { type: 'string' },
    type: { type: 'string', enum: ['array', 'boolean', 'integer', 'number', 'object', 'string'] },
    operators: { type: 'array', items: { type: 'string' } },
    minimum: { type: 'number' },
    maximum: { type: 'number' },
    minLength: { type: 'integer', minimum: 0 },
    maxLength: { type: 'integer', minimum: 0 },
    pattern: { type: 'string' },
    enum: { type: 'array' },
    readonly: { type: 'boolean' },
    items: { type: 'object' },
    minItems: { type: 'integer', minimum: 0 },
    maxItems: { type: 'integer', minimum: 0 },
    uniqueItems: { type: 'boolean' },
    additionalItems: { type: 'boolean' },
    default: {},
  },
}

export const OBJECT_BODY: JsonSchema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: NAME,
    description: { type: 'string' },
    required: { type: 'array', items: { type: 'string' } },
    properties: { type: 'object', additionalProperties: PROPERTY_BODY },
    ...TIMES,
    ...PATHS,
  },
}

export const TAG_BODY: JsonSchema = {
  type: 'object',
  required: ['name'],
  properties: { name: NAME, ...TIMES },
}

export const ASSOCIATION_BODY: JsonSchema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: NAME,
    prefix: { type: 'string', maxLength: 80 },
    properties_target: { type: 'string', maxLength: 80 },
    ...TIMES,
  },
}

export const NAMESPACE_BODY: JsonSchema = {
  type: 'object',
  required: ['namespace'],
  properties: {
    namespace: { ...NAME, description: 'The unique name of the namespace.' },
    display_name: { type: 'string', maxLength: 80, description: 'A name for people.' },
    description: { type: 'string', maxLength: 500, description: 'What it is for.' },
    visibility: { type: 'string', enum: ['public', 'private'], description: 'Who may see it.' },
    protected: { type: 'boolean', description: 'It cannot be deleted.' },
    owner: { type: 'string', maxLength: 255, description: 'The project that owns it.' },
    resource_type_associations: { type: 'array', items: ASSOCIATION_BODY },
    properties: { type: 'object', additionalProperties: PROPERTY_BODY },
    objects: { type: 'array', items: OBJECT_BODY },
    tags: { type: 'array', items: TAG_BODY },
    ...TIMES,
    ...PATHS,
  },
}
