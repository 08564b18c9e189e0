/** The schema documents under `/v2/schemas/metadefs`, in the form that OpenStack Glance gives them: clients walk them. */
import type { Json } from '../answers.ts'

type Members = Readonly<Record<string, Json>>

const NAME = { type: 'string', maxLength: 80 }
const TEXT = { type: 'string' }
const READ_ONLY = { readOnly: true, type: 'string' }
const reference = (to: string): Members => ({ $ref: `#/definitions/${to}` })

const TIMES: Members = {
  created_at: { ...READ_ONLY, description: 'When it was made.', format: 'date-time' },
  updated_at: { ...READ_ONLY, description: 'When it was last changed.', format: 'date-time' },
}
const PATHS: Members = { schema: READ_ONLY, self: READ_ONLY }
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string', null]

/** What a property is described by. */
const PROPERTY: Members = {
  name: NAME,
  title: TEXT,
  description: TEXT,
  operators: { type: 'array', items: TEXT },
  type: { type: 'string', enum: TYPES },
  required: reference('stringArray'),
  minimum: { type: 'number' },
  maximum: { type: 'number' },
  maxLength: reference('positiveInteger'),
  minLength: reference('positiveIntegerDefault0'),
  pattern: { type: 'string', format: 'regex' },
  enum: { type: 'array' },
  readonly: { type: 'boolean' },
  default: {},
  items: { type: 'object', properties: { type: { type: 'string', enum: TYPES }, enum: { type: 'array' } } },
  maxItems: reference('positiveInteger'),
  minItems: reference('positiveIntegerDefault0'),
  uniqueItems: { type: 'boolean', default: false },
  additionalItems: { type: 'boolean' },
}

const NUMBERS: Members = {
  positiveInteger: { minimum: 0, type: 'integer' },
  positiveIntegerDefault0: { allOf: [reference('positiveInteger'), { default: 0 }] },
}
const STRINGS: Members = { type: 'array', items: TEXT, uniqueItems: true }
/** Of documents of properties alone. */
const SMALL_DEFINITIONS: Members = { ...NUMBERS, stringArray: { ...STRINGS, minItems: 1 } }
const DEFINITIONS: Members = {
  ...NUMBERS,
  stringArray: STRINGS,
  property: {
    type: 'object',
    additionalProperties: { type: 'object', required: ['title', 'type'], properties: PROPERTY },
  },
}

interface Kind {
  readonly name: string
  readonly properties: Members
  readonly required: readonly string[]
  readonly definitions?: Members
}

const described = (what: Members, description: string): Members => ({ ...what, description })

const NAMESPACE: Kind = {
  name: 'namespace',
  required: ['namespace'],
  definitions: DEFINITIONS,
  properties: {
    namespace: described(NAME, 'The unique name of the namespace.'),
    display_name: described(NAME, 'A name for people.'),
    description: described({ type: 'string', maxLength: 500 }, 'What it is for.'),
    visibility: described({ type: 'string', enum: ['public', 'private'] }, 'Who may see it.'),
    protected: described({ type: 'boolean' }, 'It cannot be deleted.'),
    owner: described({ type: 'string', maxLength: 255 }, 'The project that owns it.'),
    ...TIMES,
    ...PATHS,
    resource_type_associations: {
      type: 'array',
      items: { type: 'object', properties: { name: TEXT, prefix: TEXT, properties_target: TEXT } },
    },
    properties: reference('property'),
    objects: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: TEXT,
          description: TEXT,
          required: reference('stringArray'),
          properties: reference('property'),
        },
      },
    },
    tags: { type: 'array', items: { type: 'object', properties: { name: TEXT } } },
  },
}

const ASSOCIATION: Kind = {
  name: 'resource_type_association',
  required: ['name'],
  properties: {
    name: described(NAME, 'The type, as orchestration calls it.'),
    prefix: described(NAME, 'Stands before the names of properties of things of this type.'),
    properties_target: described(NAME, 'Where the properties belong, when there are several places.'),
    ...TIMES,
  },
}

const OBJECT: Kind = {
  name: 'object',
  required: ['name'],
  definitions: DEFINITIONS,
  properties: {
    name: NAME,
    description: TEXT,
    required: reference('stringArray'),
    properties: reference('property'),
    ...PATHS,
    ...TIMES,
  },
}

const TAG: Kind = { name: 'tag', required: ['name'], properties: { name: NAME, ...TIMES } }

const ONE_PROPERTY: Kind = {
  name: 'property',
  required: ['type', 'title', 'name'],
  definitions: SMALL_DEFINITIONS,
  properties: PROPERTY,
}

function documentOf({ name, properties, required, definitions }: Kind): Members {
  return {
    name,
    properties,
    additionalProperties: false,
    ...(definitions === undefined ? {} : { definitions }),
    required,
  }
}

/** Definitions stand once, at the top. */
function collectionOf(name: string, kind: Kind, type: 'array' | 'object' = 'array'): Members {
  const { definitions, ...item } = kind
  const within = type === 'array' ? 'items' : 'additionalProperties'
  return {
    name,
    properties: {
      [name]: { type, [within]: documentOf(item) },
      first: TEXT,
      next: TEXT,
      schema: TEXT,
    },
    links: [
      { rel: 'first', href: '{first}' },
      { rel: 'next', href: '{next}' },
      { rel: 'describedby', href: '{schema}' },
    ],
    ...(definitions === undefined ? {} : { definitions }),
  }
}

export const METADEF_DOCUMENTS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['metadefs/namespace', documentOf(NAMESPACE)],
  ['metadefs/namespaces', collectionOf('namespaces', NAMESPACE)],
  ['metadefs/resource_type', documentOf(ASSOCIATION)],
  ['metadefs/resource_types', collectionOf('resource_type_associations', ASSOCIATION)],
  ['metadefs/property', documentOf(ONE_PROPERTY)],
  [
    'metadefs/properties',
    // The name is the key.
    collectionOf('properties', { ...ONE_PROPERTY, required: ['type', 'title'] }, 'object'),
  ],
  ['metadefs/object', documentOf(OBJECT)],
  ['metadefs/objects', collectionOf('objects', OBJECT)],
  ['metadefs/tag', documentOf(TAG)],
  ['metadefs/tags', collectionOf('tags', TAG)],
])
