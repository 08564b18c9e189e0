/** Bodies of requests about metadata definitions, read into records. */
import type { Caller } from '../caller.ts'
import { isObject, type JsonSchema, violation } from '../model/json-schema.ts'
import {
  ASSOCIATION_BODY,
  NAMESPACE_BODY,
  OBJECT_BODY,
  PROPERTY_BODY,
  TAG_BODY,
} from '../model/metadef-schema.ts'
import { badRequest, conflict, forbidden, type Refusal } from '../refusal.ts'
import type { Association, MetadefItem, NamespaceRecord, PartKind } from './namespace-record.ts'

type Body = Readonly<Record<string, unknown>>

const PART_BODIES: Readonly<Record<PartKind, JsonSchema>> = {
  properties: { ...PROPERTY_BODY, required: ['name', 'title', 'type'], additionalProperties: false },
  objects: { ...OBJECT_BODY, additionalProperties: false },
  tags: TAG_BODY,
}

/** Written by the server, whatever a client sends. */
const SERVERS_OWN: ReadonlySet<string> = new Set(['created_at', 'updated_at', 'self', 'schema', 'name'])

const WHOLE_NAMESPACE: JsonSchema = { ...NAMESPACE_BODY, additionalProperties: false }

/** 403 for what only the server says, as Glance answers it. */
function readOnlyMember(body: unknown): Refusal | undefined {
  if (!isObject(body)) return undefined
  const name = Object.keys(body).find((one) => one !== 'name' && SERVERS_OWN.has(one))
  return name === undefined ? undefined : forbidden(`Attribute '${name}' is read-only.`)
}

/** A new namespace with everything that the body has of it. */
export function readNamespace(body: unknown, caller: Caller, nowMs: number): NamespaceRecord | Refusal {
  const refused = readOnlyMember(body)
  if (refused !== undefined) return refused
  const wrong = violation(body, WHOLE_NAMESPACE)
  if (wrong !== undefined || !isObject(body))
    return badRequest(`Provided object does not match schema 'namespace': ${wrong}`)
  const [objects, tags, associations] = ['objects', 'tags', 'resource_type_associations'].map(
    (name) => (body[name] as readonly Body[] | undefined) ?? [],
  ) as [readonly Body[], readonly Body[], readonly Body[]]
  const properties = (body['properties'] as Readonly<Record<string, Body>> | undefined) ?? {}
  return {
    ...headOf(body, caller),
    createdAt: nowMs,
    updatedAt: nowMs,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, itemOf(one, nowMs)]),
    ),
    objects: byName(objects, (one) => itemOf(one, nowMs)),
    tags: byName(tags, (one) => itemOf(one, nowMs)),
    associations: byName(associations, (one) => associationOf(one, nowMs)),
  }
}

type Head = Pick<
  NamespaceRecord,
  'namespace' | 'displayName' | 'description' | 'visibility' | 'isProtected' | 'owner'
>

function headOf(body: Body, caller: Caller): Head {
  return {
    namespace: String(body['namespace']),
    displayName: (body['display_name'] as string | undefined) ?? null,
    description: (body['description'] as string | undefined) ?? null,
    visibility: (body['visibility'] as 'public' | 'private' | undefined) ?? 'private',
    isProtected: body['protected'] === true,
    owner: (body['owner'] as string | undefined) ?? caller.projectId ?? '',
  }
}

/** The namespace with what the body says of it in place of what was said; what is in it stays. */
export function changeNamespace(
  record: NamespaceRecord,
  body: unknown,
  caller: Caller,
  nowMs: number,
): NamespaceRecord | Refusal {
  const refused = readOnlyMember(body)
  if (refused !== undefined) return refused
  const wrong = violation(body, WHOLE_NAMESPACE)
  if (wrong !== undefined || !isObject(body))
    return badRequest(`Provided object does not match schema 'namespace': ${wrong}`)
  return { ...record, ...headOf({ owner: record.owner, ...body }, caller), updatedAt: nowMs }
}

export interface NamedItem {
  readonly name: string
  readonly item: MetadefItem
}

/** A property, object or tag. */
export function readPart(kind: PartKind, body: unknown, nowMs: number): NamedItem | Refusal {
  const refused = readOnlyMember(body)
  if (refused !== undefined) return refused
  const wrong = violation(body, PART_BODIES[kind])
  if (wrong !== undefined || !isObject(body))
    return badRequest(`Provided object does not match schema '${kind}': ${wrong}`)
  return { name: String(body['name']), item: itemOf(body, nowMs) }
}

/** The list in the body of a request that makes many tags. */
export function readTags(body: unknown, nowMs: number): Readonly<Record<string, MetadefItem>> | Refusal {
  const schema: JsonSchema = {
    type: 'object',
    required: ['tags'],
    properties: { tags: { type: 'array', items: TAG_BODY } },
  }
  const wrong = violation(body, schema)
  if (wrong !== undefined || !isObject(body))
    return badRequest(`Provided object does not match schema 'tags': ${wrong}`)
  const tags = body['tags'] as readonly Body[]
  const read = byName(tags, (one) => itemOf(one, nowMs))
  return Object.keys(read).length === tags.length ? read : conflict('A tag is named twice.')
}

export function readAssociation(
  body: unknown,
  nowMs: number,
): { readonly name: string; readonly association: Association } | Refusal {
  const wrong = violation(body, ASSOCIATION_BODY)
  if (wrong !== undefined || !isObject(body)) {
    return badRequest(`Provided object does not match schema 'resource_type_association': ${wrong}`)
  }
  return { name: String(body['name']), association: associationOf(body, nowMs) }
}

function byName<Item>(bodies: readonly Body[], read: (body: Body) => Item): Readonly<Record<string, Item>> {
  return Object.fromEntries(bodies.map((body) => [String(body['name']), read(body)]))
}

function itemOf(body: Body, nowMs: number): MetadefItem {
  const own = Object.entries(body).filter(([name]) => !SERVERS_OWN.has(name))
  return { body: Object.fromEntries(own) as MetadefItem['body'], createdAt: nowMs, updatedAt: nowMs }
}

function associationOf(body: Body, nowMs: number): Association {
  return {
    prefix: (body['prefix'] as string | undefined) ?? null,
    propertiesTarget: (body['properties_target'] as string | undefined) ?? null,
    createdAt: nowMs,
    updatedAt: nowMs,
  }
}
