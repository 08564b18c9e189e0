/** The schema documents under `/v2/schemas`, as clients fetch them. */
import type { Json } from '../answers.ts'
import { IMAGE_PROPERTIES } from './image-schema.ts'
import type { JsonSchema } from './json-schema.ts'
import { METADEF_DOCUMENTS } from './metadef-documents.ts'

interface Document {
  readonly name: string
  readonly properties: Readonly<Record<string, JsonSchema>>
  readonly rest?: Readonly<Record<string, Json>>
}

const IMAGE_LINKS = [
  { rel: 'self', href: '{self}' },
  { rel: 'enclosure', href: '{file}' },
  { rel: 'describedby', href: '{schema}' },
]

const IMAGE: Document = {
  name: 'image',
  properties: IMAGE_PROPERTIES,
  rest: { additionalProperties: { type: 'string' }, links: IMAGE_LINKS },
}

/** As OpenStack Glance writes it. */
const UUID = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$'

const timestamp = (what: string): JsonSchema => ({ type: 'string', description: what })

const MEMBER: Document = {
  name: 'member',
  properties: {
    member_id: { type: 'string', description: 'The project that the image is shared with.' },
    image_id: { type: 'string', description: 'The image that is shared.', pattern: UUID },
    created_at: timestamp('When it was shared.'),
    updated_at: timestamp('When the status was last changed.'),
    status: {
      type: 'string',
      description: 'What the project said to it.',
      enum: ['pending', 'accepted', 'rejected'],
    },
    schema: { readOnly: true, type: 'string' },
  },
}

export const TASK_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  id: { description: 'What the task is called by.', pattern: UUID, type: 'string' },
  type: {
    description: 'What it does.',
    enum: ['import', 'api_image_import', 'location_import'],
    type: 'string',
  },
  status: {
    description: 'How far it is.',
    enum: ['pending', 'processing', 'success', 'failure'],
    type: 'string',
  },
  input: { description: 'What it was given.', type: ['null', 'object'] },
  result: { description: 'What came of it.', type: ['null', 'object'] },
  owner: { description: 'The project that owns it.', type: 'string' },
  message: { description: 'What went wrong, for people.', type: 'string' },
  image_id: { description: 'The image it is about.', type: 'string' },
  request_id: { description: 'The request that began it.', type: 'string' },
  user_id: { description: 'Who began it.', type: 'string' },
  expires_at: { description: 'When it is forgotten.', type: ['null', 'string'] },
  created_at: timestamp('When it began.'),
  updated_at: timestamp('When it last got on.'),
  self: { readOnly: true, type: 'string' },
  schema: { readOnly: true, type: 'string' },
}

const TASK: Document = { name: 'task', properties: TASK_PROPERTIES }

/** In lists the longer parts are left out. */
const STUB_PROPERTIES = Object.entries(TASK_PROPERTIES).filter(
  ([name]) => !['input', 'result', 'message'].includes(name),
)
const TASK_STUB: Document = { ...TASK, properties: Object.fromEntries(STUB_PROPERTIES) }

const DESCRIBED = { rel: 'describedby', href: '{schema}' }
const PAGES = [
  { rel: 'first', href: '{first}' },
  { rel: 'next', href: '{next}' },
]

/** A list of things with their schema within; images come in pages that the schema tells of, as in OpenStack Glance. */
function collectionOf(item: Document, plural: string, pages: 'paged' | 'whole'): Document {
  const isPaged = pages === 'paged'
  return {
    name: plural,
    properties: {
      [plural]: { type: 'array', items: asDocument(item) as JsonSchema },
      ...(isPaged ? { first: { type: 'string' }, next: { type: 'string' } } : {}),
      schema: { type: 'string' },
    },
    rest: { links: isPaged ? [...PAGES, DESCRIBED] : [DESCRIBED] },
  }
}

function asDocument({ name, properties, rest }: Document): Json {
  return { name, properties: properties as unknown as Json, ...rest }
}

const DOCUMENTS: ReadonlyMap<string, Json> = new Map(
  [
    IMAGE,
    MEMBER,
    TASK,
    collectionOf(IMAGE, 'images', 'paged'),
    collectionOf(MEMBER, 'members', 'whole'),
    collectionOf(TASK_STUB, 'tasks', 'whole'),
  ].map((document) => [document.name, asDocument(document)]),
)

/** By the last part of its path: `image`, `members`, `metadefs/namespace`…; `undefined` when there is none. */
export function schemaDocument(name: string): Json | undefined {
  return DOCUMENTS.get(name) ?? METADEF_DOCUMENTS.get(name)
}
